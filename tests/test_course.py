"""The course in docs/lessons: complete in both languages, its links and images true, and every cell of it runs."""

import re
from pathlib import Path

import pytest

from docs.lessons.build import IMAGES, LANGUAGES, LESSONS, notebook_text, pages, prepare_folder, run_page
from docs.lessons.cells import IMAGE_LINK, ZOO_MODEL, read_cells
from tests.zoo_archives import write_stand_in

PAGES = pages("en")
LARGEST_IMAGE, ALL_IMAGES = 1_000_000, 8_000_000
NAVIGATION = {"en": ("Contents", "before", "next", "Español"), "es": ("Índice", "anterior", "siguiente", "English")}


def _other(language: str) -> str:
    return LANGUAGES[1 - LANGUAGES.index(language)]


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _title(page: Path) -> str:
    return _text(page).splitlines()[0].removeprefix("# ")


def _in(language: str, page: Path) -> Path:
    return LESSONS / language / page.name


def _without_comments(source: str) -> str:
    return re.sub(r"(^|[ \t]+)#.*$", "", source, flags=re.MULTILINE)


def test_both_languages_have_the_same_pages() -> None:
    names = [page.name for page in PAGES]

    assert len(names) >= 17 and [page.name for page in pages("es")] == names
    assert [int(name[:2]) for name in names] == list(range(1, len(names) + 1))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_contents_lists_every_page_in_order(language: str) -> None:
    listed = re.findall(r"^(\d+)\. \[(.*)\]\((.*)\)$", _text(LESSONS / language / "README.md"), re.MULTILINE)

    assert [(f"{number}. {title}", name) for number, title, name in listed] == [
        (_title(page), page.name) for page in pages(language)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_leads_on_and_to_its_translation(language: str, page: Path) -> None:
    contents, before, after, translation = NAVIGATION[language]
    own = pages(language)
    place = [one.name for one in own].index(page.name)
    expected = [f"[{contents}](README.md)"]
    for word, neighbour in ((before, place - 1), (after, place + 1)):
        if 0 <= neighbour < len(own):
            expected.append(f"{word}: [{_title(own[neighbour])}]({own[neighbour].name})")
    expected.append(f"[{translation}](../{_other(language)}/{page.name})")

    lines = _text(_in(language, page)).splitlines()
    assert lines[2] == " · ".join(expected)
    assert lines[0].startswith(f"# {int(page.name[:2])}. ") and 60 <= len(lines) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_and_its_translation_show_the_same(page: Path) -> None:
    english, spanish = (_in(language, page) for language in LANGUAGES)

    cells = [[(c.language, c.tag, _without_comments(c.source)) for c in read_cells(one)] for one in (english, spanish)]
    assert cells[0] == cells[1]
    assert IMAGE_LINK.findall(_text(english)) == IMAGE_LINK.findall(_text(spanish))
    for what in (r"^#+ ", r"^\* ", r"^\| ", r"^<details>", r"^```text", r"\]\(https://"):
        counts = [len(re.findall(what, _text(one), re.MULTILINE)) for one in (english, spanish)]
        assert counts[0] == counts[1], what


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_image_is_made_by_a_cell_of_its_page(page: Path) -> None:
    sources = "".join(cell.source for cell in read_cells(page))
    linked = IMAGE_LINK.findall(_text(page))
    drawn = [name for name in linked if f"pictures/{name}" in sources]
    # Diagrams have their names from the command that draws them, each one of its words.
    diagrams = [name for name in linked if name.endswith(".svg") and f" {Path(name).stem} " in sources]

    assert set(linked) == {*drawn, *diagrams}
    assert linked or not sources, "a page has an image, unless it is a quiz"


def test_images_are_there_and_small_and_none_is_forgotten() -> None:
    linked = {name for page in PAGES for name in IMAGE_LINK.findall(_text(page))}
    sizes = {path.name: path.stat().st_size for path in IMAGES.iterdir()}

    assert set(sizes) == linked
    assert {name: size for name, size in sizes.items() if size > LARGEST_IMAGE} == {}
    assert sum(sizes.values()) <= ALL_IMAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_becomes_a_notebook_with_its_cells_in_order(page: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("jupytext")

    notebook = nbformat.reads(notebook_text(page), as_version=4)

    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert "os.chdir(" in code[0] and notebook.metadata.kernelspec.name == "python3"
    assert code[1:] == [
        ("%%bash\n" if cell.language == "bash" else "") + cell.source.rstrip("\n") for cell in read_cells(page)
    ]
    text = "".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    linked = re.findall(r"\]\((\d\d-[\w-]+\.\w+)\)", text)
    assert all(name.endswith(".ipynb") for name in linked)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working folder of all pages, one after the other, with a model as if it came from the zoo."""
    made = tmp_path_factory.mktemp("course") / "folder"
    prepare_folder(made)
    write_stand_in(made / ZOO_MODEL)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_cells_of_a_page_run_and_make_its_images(page: Path, folder: Path) -> None:
    run_page(page, folder, "--short")

    made = {path.name for path in (folder / "workspace/course/pictures").iterdir()}
    assert set(IMAGE_LINK.findall(_text(page))) <= made
