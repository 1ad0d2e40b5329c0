"""deploy/kubernetes: every overlay renders, is valid to the last field, and is as strict clusters and meshes ask."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from consumers.cli import main
from consumers.wiring.processes import KEEP_ALIVE_SECONDS
from consumers.wiring.settings import Settings, from_environment
from support.pages import only_in_the_checkout

OVERLAYS = ("plain", "istio", "linkerd")
DOORS = {
    "http": "serve",
    "consume": "consume",
    "publish": "publish",
    "timers": "timers",
    "mail": "mail",
    "project": "project",
}
PROBES = {"startupProbe": "/startupz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}
Resource = dict[str, Any]


@pytest.fixture(scope="module")
def folder() -> Path:
    only_in_the_checkout()
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl on the path: the manifests are not rendered")
    return Path(__file__).parents[2] / "deploy" / "kubernetes"


@pytest.fixture(scope="module")
def rendered(folder: Path) -> dict[str, list[Resource]]:
    """What each overlay comes to."""
    return {name: render(folder / "overlays" / name) for name in OVERLAYS}


def render(folder: Path) -> list[Resource]:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(resources: list[Resource], kind: str) -> dict[str, Resource]:
    return {one["metadata"]["name"]: one for one in resources if one["kind"] == kind}


def pods(resources: list[Resource]) -> dict[str, Resource]:
    """The pods of Deployments and Jobs, by name."""
    found = {**of_kind(resources, "Deployment"), **of_kind(resources, "Job")}
    return {name: one["spec"]["template"] for name, one in found.items()}


def container(pod: Resource) -> Resource:
    (only,) = pod["spec"]["containers"]
    found: Resource = only
    return found


def settings_of(resources: list[Resource], pod: Resource) -> dict[str, str]:
    """The environment that a pod's container gets."""
    maps = of_kind(resources, "ConfigMap")
    given: dict[str, str] = {}
    for source in container(pod).get("envFrom", []):
        given |= maps[source["configMapRef"]["name"]].get("data", {})
    return given | {one["name"]: one["value"] for one in container(pod).get("env", [])}


def closed(schema: Any) -> Any:
    """The schema with every object closed that says nothing else."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        return {"type": "object", "additionalProperties": False, **inner}
    return inner


CUSTOM = {
    kind: closed(schema)
    for kind, schema in yaml.safe_load((Path(__file__).parent / "custom_resources.yaml").read_text("utf-8")).items()
}


def check(resource: Resource) -> None:
    """Refuse what the schema of its kind does not know."""
    schema = CUSTOM.get(f"{resource['apiVersion']}/{resource['kind']}")
    if schema is None:
        kubernetes_validate.validate(resource, "1.37", strict=True)
    else:
        assert set(resource) == {"apiVersion", "kind", "metadata", "spec"}
        jsonschema.validate(resource["spec"], schema)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_resource_is_valid_to_the_last_field(rendered: dict[str, list[Resource]], overlay: str) -> None:
    for resource in rendered[overlay]:
        check(resource)


def test_a_field_that_is_mistyped_is_found(rendered: dict[str, list[Resource]]) -> None:
    deployment = of_kind(rendered["plain"], "Deployment")["plaint-http"]
    container(deployment["spec"]["template"])["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        check(deployment)
    del container(deployment["spec"]["template"])["readinesProbe"]
    with pytest.raises(jsonschema.ValidationError):
        check({**of_kind(rendered["istio"], "ScaledObject")["plaint-consume"], "spec": {"minReplicas": 2}})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_door_is_a_deployment_that_runs_its_command(rendered: dict[str, list[Resource]], overlay: str) -> None:
    deployments = of_kind(rendered[overlay], "Deployment")
    started = {name: container(one["spec"]["template"])["args"] for name, one in deployments.items()}
    assert started == {f"plaint-{door}": [command] for door, command in DOORS.items()}
    assert set(DOORS.values()) <= set(main._COMMANDS)  # noqa: SLF001 # the one list of commands
    assert container(pods(rendered[overlay])["plaint-migrate"])["args"][:2] == ["store", "migrate"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_set_is_what_the_settings_know_and_every_secret_is_there(
    rendered: dict[str, list[Resource]], overlay: str
) -> None:
    for name, pod in pods(rendered[overlay]).items():
        given = settings_of(rendered[overlay], pod)
        fields = {key.removeprefix("PLAINT_").lower() for key in given}
        known = set(Settings.model_fields) | {f"{field}_file" for field in Settings.model_fields}
        assert fields - known == set(), name
        mounts = {one["mountPath"] for one in container(pod)["volumeMounts"]}
        files = [value for key, value in given.items() if value.startswith("/")]
        assert [file for file in files if not any(file.startswith(f"{mount}/") for mount in mounts)] == [], name
        assert {one["name"] for one in container(pod)["volumeMounts"]} == {
            one["name"] for one in pod["spec"]["volumes"]
        }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_settings_of_every_pod_fit_together(
    rendered: dict[str, list[Resource]], overlay: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("host=db.example dbname=plaint", encoding="utf-8")
    for name, pod in pods(rendered[overlay]).items():
        given = settings_of(rendered[overlay], pod)
        held = {key: str(secret) if value.startswith("/run/secrets/") else value for key, value in given.items()}
        found = from_environment(held)
        if name == "plaint-http":
            assert (found.http_host, found.http_port, found.health_port) == ("0.0.0.0", 8080, 9464)  # noqa: S104 # the pod's
            assert found.jwks is not None
            assert found.proxy_proof == ("address" if overlay == "istio" else None)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nobody_gets_a_secret_that_his_work_does_not_need(rendered: dict[str, list[Resource]], overlay: str) -> None:
    keys = {"plaint-database", "plaint-keys"}
    assert {name: secrets(pod) for name, pod in pods(rendered[overlay]).items()} == {
        "plaint-http": keys,
        "plaint-timers": keys,
        "plaint-consume": {*keys, "plaint-kafka"},
        "plaint-publish": {*keys, "plaint-kafka"},
        "plaint-mail": {*keys, "plaint-mail"},
        "plaint-project": {"plaint-database-projection", "plaint-keys"},
        "plaint-migrate": {"plaint-database-migration"},
    }
    assert of_kind(rendered[overlay], "Secret") == {}


def secrets(pod: Resource) -> set[str]:
    found = [one["secret"] for one in pod["spec"]["volumes"] if "secret" in one]
    assert {one["defaultMode"] for one in found} == {0o400}
    return {one["secretName"] for one in found}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_passes_the_standard_restricted(rendered: dict[str, list[Resource]], overlay: str) -> None:
    (namespace,) = of_kind(rendered[overlay], "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in pods(rendered[overlay]).values():
        whole = pod["spec"]["securityContext"]
        assert whole["runAsNonRoot"] is True
        assert whole["runAsUser"] not in (0, 1337)
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container(pod)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod["spec"]["automountServiceAccountToken"] is False
        allowed = {"emptyDir", "secret", "persistentVolumeClaim"}
        assert [one for one in pod["spec"]["volumes"] if not allowed & set(one)] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_service_of_the_cluster_becomes_a_setting(rendered: dict[str, list[Resource]], overlay: str) -> None:
    """A Service called plaint would set PLAINT_PORT and more, which the program refuses."""
    assert [name for name, pod in pods(rendered[overlay]).items() if pod["spec"]["enableServiceLinks"]] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_ask_the_three_questions_and_a_stop_leaves_time_to_finish(
    rendered: dict[str, list[Resource]], overlay: str
) -> None:
    from consumers.wiring.processes import GRACE_SECONDS

    for one in of_kind(rendered[overlay], "Deployment").values():
        pod = one["spec"]["template"]
        asked = {name: container(pod)[name]["httpGet"] for name in PROBES}
        assert asked == {name: {"path": path, "port": "http-metrics"} for name, path in PROBES.items()}
        before = float(settings_of(rendered[overlay], pod).get("PLAINT_DRAIN_SECONDS", "0"))
        assert (before > 0) == (one["metadata"]["name"] == "plaint-http")
        assert pod["spec"]["terminationGracePeriodSeconds"] >= before + 2 * GRACE_SECONDS
        assert one["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_names_of_ports_tell_the_protocol_and_none_is_the_proxys(
    rendered: dict[str, list[Resource]], overlay: str
) -> None:
    ports = [port for pod in pods(rendered[overlay]).values() for port in container(pod).get("ports", [])]
    ports += [port for service in of_kind(rendered[overlay], "Service").values() for port in service["spec"]["ports"]]
    assert {port["name"] for port in ports} == {"http", "http-metrics"}
    numbers = {port.get("containerPort", port.get("port")) for port in ports}
    assert numbers == {80, 8080, 9464}
    assert not numbers & set(range(15000, 15091))
    services = of_kind(rendered[overlay], "Service").values()
    assert {port["appProtocol"] for service in services for port in service["spec"]["ports"]} == {"http"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_everything_bears_the_common_labels_and_what_selects_selects_something(
    rendered: dict[str, list[Resource]], overlay: str
) -> None:
    (tag,) = {container(pod)["image"].partition(":")[2] for pod in pods(rendered[overlay]).values()}
    common = {"name": "plaint", "part-of": "plaint", "managed-by": "kustomize", "version": tag}
    for one in rendered[overlay]:
        labels = one["metadata"].get("labels", {})
        assert {f"app.kubernetes.io/{name}": value for name, value in common.items()}.items() <= labels.items(), one
        assert one["metadata"].get("namespace", one["metadata"]["name"]) == "plaint"
    for name, pod in pods(rendered[overlay]).items():
        component = pod["metadata"]["labels"]["app.kubernetes.io/component"]
        assert (f"plaint-{component}", pod["spec"]["serviceAccountName"]) == (name, name)
    worn = [pod["metadata"]["labels"].items() for pod in pods(rendered[overlay]).values()]
    for one in rendered[overlay]:
        spec = one.get("spec", {})
        selector = spec.get("selector", spec.get("podSelector", {}))
        wanted = selector.get("matchLabels", selector if one["kind"] == "Service" else {})
        assert any(wanted.items() <= labels for labels in worn), one["metadata"]["name"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_door_may_lose_one_pod_at_a_time_and_spreads_over_nodes_and_zones(
    rendered: dict[str, list[Resource]], overlay: str
) -> None:
    budgets = of_kind(rendered[overlay], "PodDisruptionBudget")
    scalers = [of_kind(rendered[overlay], kind) for kind in ("HorizontalPodAutoscaler", "ScaledObject")]
    scaled = {one["spec"]["scaleTargetRef"]["name"] for scaler in scalers for one in scaler.values()}
    for name, one in of_kind(rendered[overlay], "Deployment").items():
        assert budgets[name]["spec"]["maxUnavailable"] == 1
        assert one["spec"].get("replicas") == (None if name in scaled else 2), "who scales sets the number, alone"
        spread = [each["topologyKey"] for each in one["spec"]["template"]["spec"]["topologySpreadConstraints"]]
        assert spread == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_network_begins_with_nothing(rendered: dict[str, list[Resource]], overlay: str) -> None:
    policies = of_kind(rendered[overlay], "NetworkPolicy")
    nothing = policies["plaint-nothing"]["spec"]
    assert (nothing["podSelector"], nothing["policyTypes"]) == ({}, ["Ingress", "Egress"])
    assert "ingress" not in nothing
    ways_in = [rule for one in policies.values() for rule in one["spec"].get("ingress", [])]
    ways_out = [rule for one in policies.values() for rule in one["spec"].get("egress", [])]
    assert [rule for rule in ways_in if not rule.get("from")] == []
    assert [rule for rule in ways_out if not rule["ports"]] == []


def test_who_is_in_the_mesh_of_linkerd_reaches_the_proxys_port(rendered: dict[str, list[Resource]]) -> None:
    """Its proxies send to 4143 of a meshed pod, whatever the port, and a policy of the network sees no other."""
    policies = of_kind(rendered["linkerd"], "NetworkPolicy")
    for name, own in (("plaint-http", "http"), ("plaint-metrics", "http-metrics")):
        (way,) = policies[name]["spec"]["ingress"]
        assert [each["port"] for each in way["ports"]] == [own, 4143]
        assert way["from"] == of_kind(rendered["plain"], "NetworkPolicy")[name]["spec"]["ingress"][0]["from"]
    out = [port["port"] for rule in policies["plaint-nothing"]["spec"]["egress"] for port in rule["ports"]]
    assert 4143 in out


def test_the_mesh_lets_in_nobody_but_whom_it_names(rendered: dict[str, list[Resource]]) -> None:
    policies = of_kind(rendered["istio"], "AuthorizationPolicy")
    assert policies["plaint-nothing"]["spec"] == {}
    for name, one in policies.items():
        for rule in one["spec"].get("rules", []):
            ports = {port for to in rule["to"] for port in to["operation"]["ports"]}
            anybody = not rule.get("from")
            assert ports == ({"9464"} if anybody else {"8080"}), name
            principals = [each for source in rule.get("from", []) for each in source["source"]["principals"]]
            assert [each for each in principals if "*" in each] == []
    peers = of_kind(rendered["istio"], "PeerAuthentication")
    assert {one["spec"]["mtls"]["mode"] for one in peers.values()} == {"STRICT"}
    annotations = of_kind(rendered["linkerd"], "Namespace")["plaint"]["metadata"]["annotations"]
    assert annotations["config.linkerd.io/default-inbound-policy"] == "deny"


def test_a_proxy_ends_an_idle_connection_before_the_door_does(
    rendered: dict[str, list[Resource]], folder: Path
) -> None:
    (rule,) = of_kind(rendered["istio"], "DestinationRule").values()
    assert rule["spec"]["host"] in of_kind(rendered["istio"], "Service")
    envoy = (folder.parent / "mesh" / "envoy.yaml").read_text(encoding="utf-8")
    ends = [rule["spec"]["trafficPolicy"]["connectionPool"]["http"]["idleTimeout"]]
    ends += re.findall(r"idle_timeout: (\w+)", envoy)
    assert ends == ["60s", "60s"]
    assert KEEP_ALIVE_SECONDS > 60


def test_where_a_lag_scales_no_load_does_and_the_group_is_the_one_that_is_read(
    rendered: dict[str, list[Resource]],
) -> None:
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    for overlay in ("istio", "linkerd"):
        lag = of_kind(rendered[overlay], "ScaledObject")["plaint-consume"]["spec"]
        triggers = [one["metadata"] for one in lag["triggers"]]
        assert {one["consumerGroup"] for one in triggers} == {defaults["kafka_group"]}
        assert [one["topic"] for one in triggers] == [defaults["kafka_inbound"], defaults["kafka_commands"]]
        assert set(of_kind(rendered[overlay], "HorizontalPodAutoscaler")) == {"plaint-http"}
        maps = of_kind(rendered[overlay], "ConfigMap")
        (kafka,) = [one["data"] for name, one in maps.items() if name.startswith("plaint-kafka-")]
        assert {one["bootstrapServers"] for one in triggers} == {kafka["PLAINT_KAFKA_SERVERS"]}


@pytest.mark.parametrize("overlay", ["istio", "linkerd"])
def test_the_alerts_are_the_very_rules_of_the_file_and_their_labels_are_scraped(
    folder: Path, rendered: dict[str, list[Resource]], overlay: str
) -> None:
    rules = (folder.parent / "alerts" / "rules.yaml").read_text(encoding="utf-8")
    made = (folder / "components" / "monitoring" / "rules.yaml").read_text(encoding="utf-8")
    assert made.partition("\nspec:\n")[2] == "".join(f"  {line}\n" if line else "\n" for line in rules.splitlines())
    assert of_kind(rendered[overlay], "PrometheusRule")["plaint"]["spec"] == yaml.safe_load(rules)
    (monitor,) = of_kind(rendered[overlay], "PodMonitor").values()
    assert monitor["spec"]["podTargetLabels"] == ["app.kubernetes.io/component"]


@pytest.mark.parametrize("overlay", ["istio", "linkerd"])
def test_every_board_is_there_where_grafana_looks_for_it(
    folder: Path, rendered: dict[str, list[Resource]], overlay: str
) -> None:
    found = of_kind(rendered[overlay], "ConfigMap")["plaint-dashboards"]
    files = (folder.parent / "dashboards").glob("*.json")
    assert found["data"] == {file.name: file.read_text(encoding="utf-8") for file in files}
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_an_overlay_of_ones_own_sets_image_and_version(folder: Path, tmp_path: Path) -> None:
    own = {
        "resources": [os.path.relpath(folder / "overlays" / "plain", tmp_path.resolve())],
        "images": [{"name": "registry.example/plaint", "newName": "registry.example/own", "newTag": "1.2.3"}],
        "labels": [{"includeTemplates": True, "pairs": {"app.kubernetes.io/version": "1.2.3"}}],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    for pod in pods(render(tmp_path)).values():
        assert container(pod)["image"] == "registry.example/own:1.2.3"
        assert pod["metadata"]["labels"]["app.kubernetes.io/version"] == "1.2.3"


def test_the_jobs_and_no_door_may_change_tables(rendered: dict[str, list[Resource]]) -> None:
    for name, pod in pods(rendered["plain"]).items():
        given = settings_of(rendered["plain"], pod)
        assert given.get("PLAINT_MIGRATE") == (None if name == "plaint-migrate" else "never")
    assert "sidecar.istio.io/inject" in pods(rendered["istio"])["plaint-migrate"]["metadata"]["labels"]
