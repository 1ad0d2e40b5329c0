"""What comes in and is no complaint: questions, ideas, praise, junk."""

from consumers.sample.scene import Scene
from schemas.streams.feedback import ClassifyFeedback
from schemas.words import Sense


def unasked(scene: Scene, kind: str) -> tuple[str, str]:
    """Return subject and text of what somebody writes who does not complain."""
    return scene.words.one("feedback", kind, "subjects"), scene.words.one("feedback", kind, "says")


def _feedback(scene: Scene, kind: str, sense: Sense, seen_as: Sense, share: float) -> None:
    """It arrives and stays what it is; now and then a person says more exactly what."""
    subject, text = unasked(scene, kind)
    scene.opens_with(subject, text, sense, stars=scene.draw.choice((4, 5)) if kind == "praise_review" else None)
    if scene.happens(share):
        scene.desk(0.2, 6)
        scene.does(ClassifyFeedback(sense=seen_as))


def question(scene: Scene) -> None:
    """A question, and often thanks for the answer."""
    _feedback(scene, "question", "question", "question", 0)
    if scene.happens(0.4):
        scene.people(4, 30)
        scene.says("thanks", sense="thanks")


def suggestion(scene: Scene) -> None:
    """An idea."""
    _feedback(scene, "suggestion", "suggestion", "suggestion", 0.3)


def compliment(scene: Scene) -> None:
    """Praise."""
    _feedback(scene, "compliment", "compliment", "compliment", 0.4)


def praise_review(scene: Scene) -> None:
    """Praise with stars, for everybody to read."""
    _feedback(scene, "praise_review", "compliment", "review", 0.3)


def spam(scene: Scene) -> None:
    """Junk that gives itself away."""
    _feedback(scene, "spam", "spam", "spam", 0.2)
