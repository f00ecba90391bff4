"""How images that repeat another one may be turned (`poses.tsv`).

A smiley may stand aslant, a cup or a ship may not; a clock or an arrow must not be mirrored.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

from emojich_core.reading.tables import rows
from emojich_core.reading.vocabulary import Vocabulary
from emojich_core.reading.written_emoji import bare
from emojich_core.request import ONE_WAY, Reading

POSES = Path(__file__).with_name("poses.tsv")


def with_pose(vocabulary: Vocabulary, reading: Reading) -> Reading:
    """The reading with the pose of its first thing, or ONE_WAY if any of its things has that."""
    emoji = vocabulary.emoji_by_caption
    prompts = [*reading.prompts, *(other.prompt for other in reading.others)]
    found = [pose_by_emoji().get(emoji.get(prompt, ""), "") for prompt in prompts]
    return replace(reading, pose=ONE_WAY if ONE_WAY in found else found[0])


@cache
def pose_by_emoji() -> dict[str, str]:
    """The pose of each emoji that has one."""
    return {bare(each): pose for pose, emoji in rows(POSES) for each in emoji.split()}
