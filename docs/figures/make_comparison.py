"""Makes the tables in docs/COMPARISON.md and docs/comparison.jpg: what ships beside other people's cartoonizers.

    python docs/figures/make_comparison.py --data DATA

DATA holds selfies256.zip, anime256.zip, comic_pairs256.zip, nets/ and peers/, as docs/COMPARISON.md describes them.
Every model of edge_runtime/models that draws photographs gets a row for each of its styles.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import open_session, shipped_generators
from facetoon.edge_runtime.sources.source import DEMO_PHOTOGRAPH
from facetoon.edge_runtime.value_range import ValueRange
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.engine.backend import select_backend

DOCS, HERE = Path(__file__).parents[1], Path(__file__).parent
ROWS, COLUMNS = slice(12, 232), slice(114, 334)  # the square of the demo's photograph that holds the head
CELL_PX, LABEL_PX, ACROSS = 192, 22, 5
UNIT = ValueRange((-1.0,), (1.0,))
PEERS = {  # file, ranges of input and output, and whether blue comes first
    "White-box Cartoonization, 512 px, dynamic range": (
        "whitebox_512_dynamic.tflite",
        None,
        True,
    ),  # metadata has ranges
    "White-box Cartoonization, 512 px, int8": ("whitebox_512_int8.tflite", None, True),
    "AnimeGANv2 Hayao, 256 px, int8": ("animeganv2_hayao_256_int8.tflite", (UNIT, UNIT), False),
}
TARGETS = {  # heading, then source, pattern and most cartoons
    "anime": ("Against anime faces", "anime256.zip", "", 760),
    "comic": ("Against the comics that `comic` learnt from", "comic_pairs256.zip", "#v1/*_comic.jpg", 50),
    "ink": ("Against the comics that `ink` learnt from", "comic_pairs256.zip", "#v2/*_comic.jpg", 50),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Draw and judge everything, write the picture, and put the tables between the document's marks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of data sets, nets and peers")
    parser.add_argument("--names", type=Path, default=HERE / "unseen_selfies.txt", help="default: the list beside this")
    parser.add_argument("--document", type=Path, default=DOCS / "COMPARISON.md", help="default: docs/COMPARISON.md")
    parser.add_argument("--sheet", type=Path, default=DOCS / "comparison.jpg", help="default: docs/comparison.jpg")
    arguments = parser.parse_args(argv)
    select_backend("tensorflow")  # before the first import of Keras
    from facetoon.training.score.scoring import drawn_by

    translators = generators(arguments.data)
    whole = pixels.decode_image(DEMO_PHOTOGRAPH.read_bytes(), DEMO_PHOTOGRAPH.name)
    face = pixels.square(whole[ROWS, COLUMNS], 256)[np.newaxis]
    cells = [labelled("photograph", face[0])]
    cells += [labelled(one.name, drawn_by(one, face).images[0]) for one in translators]
    write_whole(arguments.sheet, pixels.encode_jpeg(pixels.swap_red_blue(grid(cells)), 88))
    text = arguments.document.read_text("utf-8")
    for name, lines in tables(arguments.data, arguments.names, translators):
        marks = f"<!-- {name} -->", f"<!-- end of {name} -->"
        made = "\n".join([marks[0], "", *lines, "", marks[1]])
        text = re.sub(f"{marks[0]}.*{marks[1]}", made.replace("\\", r"\\"), text, flags=re.DOTALL)
    write_whole(arguments.document, text)


def generators(data: Path) -> list:
    """Open what ships, style by style, and the peers."""
    from facetoon.training.score.translator import ForeignFacts, open_translators

    opened = []
    for model in shipped_generators():
        if open_session(model).spec.direction == "photo to cartoon":
            for one in open_translators(model):
                opened.append(replace(one, name=one.name.replace(str(model), f"`{model.stem}`")))
    for name, (file, ranges, blue_first) in PEERS.items():
        (one,) = open_translators(data / "peers" / file, foreign=ForeignFacts(ranges, blue_first=blue_first))
        opened.append(replace(one, name=name))
    return opened


def tables(data: Path, names: Path, translators: list) -> Iterator[tuple[str, list[str]]]:
    """Draw the photographs once with every generator; yield each target's name and the lines of its table."""
    from facetoon.training.recipes.recipe import Recipe
    from facetoon.training.score.question import Question
    from facetoon.training.score.score_table import notes, table
    from facetoon.training.score.scoring import Drawn, Judge, drawn_by
    from facetoon.training.score.vector_nets import vector_net

    nets, drawn = data / "nets", dict[str, Drawn]()
    encoder = vector_net(nets / "imagenet_mobilenet_v1_025.onnx", UNIT)
    for name, (heading, file, pattern, most) in TARGETS.items():
        cartoons = [f"{data / file}{pattern}"]
        photos = [str(data / "selfies256.zip")]
        pictures = Question(photos, cartoons, Recipe(), most=most, all_cartoons=True, names=names).pictures()
        drawn = drawn or {one.name: drawn_by(one, pictures.sources) for one in translators}
        files = (nets / "face_landmark_468.tflite", nets / "bisenetv2_celebamask_256.tflite") if name == "anime" else ()
        judge = Judge(pictures, encoder, *files)
        judged = [judge.unchanged(), *(judge.judge(one, made) for one, made in drawn.items())]
        lines = [line for line in table(judged) if files or not line.startswith("Not measured")]
        circumstances = notes(encoder.name, 256, len(pictures.sources), len(pictures.targets))
        yield name, [f"### {heading}", "", *lines, "", *circumstances]


def labelled(name: str, image: Image) -> Image:
    """A cell of the sheet: the name above the picture; RGB uint8."""
    cell = np.full((CELL_PX + LABEL_PX, CELL_PX, 3), 255, np.uint8)
    cell[LABEL_PX:] = pixels.resize(image, CELL_PX, CELL_PX)
    short = name.replace("`", "").replace(" Cartoonization", "").replace(" Hayao", "").replace("dynamic range", "dyn.")
    cv2.putText(cell, short, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (20, 20, 20), 1, cv2.LINE_AA)
    return cell


def grid(cells: list[Image]) -> Image:
    """Lay cells in rows of ACROSS; a short row ends in white."""
    blank = [np.full_like(cells[0], 255)] * (-len(cells) % ACROSS)
    padded = [*cells, *blank]
    return np.vstack([np.hstack(padded[i : i + ACROSS]) for i in range(0, len(padded), ACROSS)])


if __name__ == "__main__":
    main()
