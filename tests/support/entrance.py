"""A door that asks who comes: an issuer of tokens, a proxy with a secret, and the application behind both."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from httpx import Response

from consumers.wiring import build, views
from consumers.wiring.build import Installation
from consumers.wiring.settings import from_environment
from support.issuer import AUDIENCE, ISSUER, Issuer
from support.web import Web, web

SECRET: Final = "a-secret-of-the-proxy"
GATEWAY: Final = "spiffe://lab.local/ns/crm/sa/gateway"
SHOP: Final = "spiffe://lab.local/ns/shop/sa/web"
"""Hands in messages for the unit west alone."""
ROLES: Final = f"""\
kind: roles
id: gateway
version: 1
title: {{en: Gateway, ru: Шлюз}}
rights: [receive, see]
workloads: ["{GATEWAY}"]
"""
SHOP_ROLE: Final = f"""\
kind: roles
id: shop
version: 1
title: {{en: Shop, ru: Магазин}}
rights: [receive]
workloads: ["{SHOP}"]
business_unit: [west]
"""
WATCH: Final = "spiffe://lab.local/ns/ops/sa/watch"
"""Watches over the whole installation, whatever its units."""
WATCH_ROLE: Final = f"""\
kind: roles
id: watch
version: 1
title: {{en: Watch, ru: Наблюдение}}
rights: [operate]
workloads: ["{WATCH}"]
"""
UNITS: Final = """\
kind: code_list
id: business_unit
version: 1
values:
  main: {labels: {en: Main, ru: Главное}}
  west: {labels: {en: West, ru: Запад}}
  east: {labels: {en: East, ru: Восток}}
"""


@dataclass
class Entrance:
    """An installation with identity, and the ways to come to it."""

    here: Installation
    web: Web
    issuer: Issuer
    place: Path
    tokens: dict[str, str] = field(default_factory=dict)

    def as_person(self, name: str, *roles: str, **claims: Any) -> dict[str, str]:
        """Return the headers of a person's request."""
        token = self.issuer.token(datetime.now(UTC), name, *roles, name=f"{name} of the desk", azp="app", **claims)
        return {"Authorization": f"Bearer {token}"}

    def as_program(self, spiffe: str = GATEWAY, *, secret: str = SECRET, before: str = "") -> dict[str, str]:
        """Return the headers that the proxy makes of a workload's request."""
        element = f'By=spiffe://lab.local/ns/plaint/sa/http;Hash=00;Subject="CN=x";URI={spiffe}'
        return {"plaint-proxy-secret": secret, "X-Forwarded-Client-Cert": f"{before}{element}"}

    def ask(self, method: str, path: str, headers: Mapping[str, str], **more: Any) -> Response:
        """Ask under a name that is not loopback's."""
        return self.web.ask(method, path, headers={"Host": "plaint.example", **headers}, **more)

    def publish(self) -> None:
        """Have the issuer's keys stand where they are read."""
        (self.place / "jwks.json").write_bytes(self.issuer.published())

    def project(self) -> None:
        """Bring the views up to date."""
        views.runner(self.here).catch_up()


@contextmanager
def entrance(settings: Mapping[str, str], place: Path, **more: str) -> Iterator[Entrance]:
    """Lend an installation whose door asks for tokens and for the word of a proxy that knows the secret."""
    roles = place / "roles"
    roles.mkdir(exist_ok=True)
    for name, text in (("gateway", ROLES), ("shop", SHOP_ROLE), ("watch", WATCH_ROLE), ("units", UNITS)):
        (roles / f"{name}.yaml").write_text(text, encoding="utf-8")
    chosen = {
        **settings,
        "PLAINT_CONFIG_DIR": str(roles),
        "PLAINT_PROXY_PROOF": "secret",
        "PLAINT_PROXY_SECRET": SECRET,
        "PLAINT_JWKS": str(place / "jwks.json"),
        "PLAINT_ISSUER": ISSUER,
        "PLAINT_AUDIENCE": AUDIENCE,
        **more,
    }
    with build.opened(from_environment(chosen)) as here, web(here) as asked:
        lent = Entrance(here, asked, Issuer(), place)
        lent.publish()
        lent.project()
        yield lent
