"""Files that people and stages write: what does not fit is one line with the file, the line and the key."""

import json
from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, Field, NonNegativeInt, model_validator

from xser.core.errors import XserError
from xser.core.records import (
    OneOf,
    Record,
    WrongValue,
    json_schema,
    parse_record,
    read_record,
    read_yaml,
    understood,
    write_record,
)


def _even(number):
    if number % 2:
        raise XserError(f"{number} is odd: take {number + 1}")
    return number


class Dish(Record):
    """One of a menu."""

    name: str
    """As it is called."""
    price: NonNegativeInt = 0
    hot: bool = False
    size: Literal["small", "large"] = "small"


class Menu(Record):
    """What there is."""

    day: Annotated[str, OneOf(("mon", "tue"))]
    dishes: tuple[Dish, ...] = ()
    by_name: dict[str, Dish] = {}
    seats: int | dict[str, NonNegativeInt] = 0
    tables: Annotated[int, AfterValidator(understood(_even))] = 0
    guests: Annotated[tuple[str, ...], Field(min_length=2)] = ("a", "b")
    factor: float = 1.0

    @model_validator(mode="after")
    def _names_no_dish_twice(self):
        names = [dish.name for dish in self.dishes]
        for at, name in enumerate(names):
            if name in names[:at]:
                raise WrongValue(f"is a second {name!r}", "dishes", at, "name")
        return self


@pytest.fixture
def read(tmp_path):
    """Return a function that reads this text as a menu."""

    def read(text):
        (tmp_path / "menu.yaml").write_text(text, encoding="utf-8")
        return read_yaml(tmp_path / "menu.yaml", Menu, "write one")

    return read


def test_words_stay_words_and_fields_say_what_is_a_number(read):
    menu = read("day: tue\ndishes: [{name: no, price: 012, hot: true}, {name: 1e3}]\nfactor: 1e3\nseats: {01: 2}\n")
    assert [dish.name for dish in menu.dishes] == ["no", "1e3"]
    assert (menu.dishes[0].price, menu.dishes[0].hot, menu.factor, menu.seats) == (12, True, 1000.0, {"01": 2})
    assert read("day: tue\nseats: 3\n").seats == 3


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("dishes: []\n", "menu.yaml: `day` is missing"),
        ("", "menu.yaml: `day` is missing"),
        ("- day", "menu.yaml: it must hold lines `key: value`"),
        ("day: wed\n", r"line 1: `day` is 'wed'.*: it must be one of mon, tue"),
        ("day: tu\n", r"line 1: `day` is 'tu' \(did you mean tue\?\)"),
        ("day: tue\nday: mon\n", "line 2: not valid YAML: the key 'day' stands twice"),
        ("day: [\n", "line 2: not valid YAML"),
        ("day: tue\n'\n", "line 3: not valid YAML"),
        ("day: tue\ndishs: []\n", r"line 2: unknown key `dishs` \(did you mean dishes\?\); the keys are day, dishes"),
        ("day: tue\ndishes: fish\n", "line 2: `dishes` must be a list, not 'fish'"),
        ("day: tue\ndishes:\n  - name: a\n  - fish\n", "line 4: `dishes: item 2` must be made of lines `key: value`"),
        ("day: tue\ndishes:\n  - name: a\n  - {}\n", "line 4: `dishes: item 2: name` is missing"),
        ("day: tue\ndishes:\n  - name: a\n    prise: 3\n", "line 4: unknown key .*price.*; the keys are name, price"),
        ("day: tue\nby_name:\n  a: {name: a, cost: 3}\n", "line 3: unknown key `by_name: a: cost`; the keys are name"),
        ("day: tue\ndishes:\n  - name: a\n    price: cheap\n", "line 4: .*price` must be a whole number, not 'cheap'"),
        ("day: tue\ndishes:\n  - name: a\n    price: -1\n", "line 4: .*price` is '-1': it should be greater"),
        ("day: tue\ndishes: [{name: a, hot: very}]\n", "`dishes: item 1: hot` must be true or false, not 'very'"),
        ("day: tue\ndishes: [{name: a, size: big}]\n", "size` is 'big': it must be one of small, large"),
        ("day: tue\ndishes: [{name: [a]}]\n", "name` must be text"),
        ("day: tue\nby_name: a\n", "line 2: `by_name` must be made of lines `name: value`"),
        ("day: tue\nseats: many\n", "line 2: `seats` must be a whole number"),
        ("day: tue\nseats:\n  in: 1\n  out: many\n", "line 4: `seats: out` must be a whole number"),
        ("day: tue\ntables: 3\n", "line 2: `tables` is wrong: 3 is odd: take 4"),
        ("day: tue\nguests: [a]\n", "line 2: `guests` needs 2 or more"),
        ("day: tue\nguests: []\n", "line 2: `guests` is empty"),
        ("day: tue\nfactor: much\n", "line 2: `factor` must be a number"),
        ("day: tue\ndishes:\n  - name: a\n  - name: a\n", "line 4: `dishes: item 2: name` is a second 'a'"),
    ],
)
def test_what_does_not_fit_is_one_line_with_file_line_and_key(read, text, complaint):
    with pytest.raises(XserError, match=complaint) as error:
        read(text)
    assert "menu.yaml" in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(XserError, match="menu.yaml cannot be read .*: write one"):
        read_yaml(tmp_path / "menu.yaml", Menu, "write one")
    (tmp_path / "menu.yaml").write_bytes(b"day: \xff")
    with pytest.raises(XserError, match="menu.yaml is not UTF-8"):
        read_yaml(tmp_path / "menu.yaml", Menu)


def test_a_written_record_is_read_back(tmp_path):
    menu = Menu(day="mon", dishes=(Dish(name="soup"),), seats={"in": 2})
    write_record(tmp_path / "menu.json", menu)
    assert read_record(tmp_path / "menu.json", Menu, "cook again") == menu


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"day": None}, "`day` is None: it must be one of mon, tue"),
        ({"factor": "1.0"}, "`factor` must be a number, not '1.0'"),
        ({"other": 1}, "unknown key `other`"),
    ],
)
def test_a_written_record_is_checked_strictly(tmp_path, change, complaint):
    content = {"day": "mon", "factor": 1.0, **change}
    (tmp_path / "menu.json").write_text(json.dumps(content))
    with pytest.raises(XserError, match=f"menu.json: {complaint}.*: cook again"):
        read_record(tmp_path / "menu.json", Menu, "cook again")


@pytest.mark.parametrize(
    "text, complaint", [(None, "cannot be read"), ("{", "not valid JSON"), ("[]", "must be made of")]
)
def test_a_damaged_record_names_what_makes_it_anew(tmp_path, text, complaint):
    if text is not None:
        (tmp_path / "menu.json").write_text(text)
    with pytest.raises(XserError, match=f"menu.json.*{complaint}.*: cook again"):
        read_record(tmp_path / "menu.json", Menu, "cook again")


def test_a_record_cannot_be_changed():
    dish = parse_record(Dish, {"name": "soup"}, "here")
    with pytest.raises(ValueError):
        dish.name = "salad"


def test_a_json_schema_has_the_keys_their_choices_and_descriptions():
    schema = json.loads(json_schema(Menu))
    assert schema["additionalProperties"] is False and schema["required"] == ["day"]
    assert schema["properties"]["day"]["enum"] == ["mon", "tue"]
    assert schema["$defs"]["Dish"]["properties"]["name"]["description"] == "As it is called."


def bomb(levels, width=10, kind="list"):
    """YAML of a few hundred bytes that is a value of ``width ** levels`` words when its aliases are written out."""
    lines = ["day: &a0 [x, y]"]
    for level in range(1, levels):
        inner = ", ".join(
            [f"*a{level - 1}"] * width if kind == "list" else [f"k{at}: *a{level - 1}" for at in range(width)]
        )
        lines.append(f"k{level}: &a{level} " + (f"[{inner}]" if kind == "list" else f"{{{inner}}}"))
    return "\n".join([*lines, f"dishes: *a{levels - 1}\n"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (bomb(9), "aliases .* repeat too much"),
        (bomb(30, 3), "aliases .* repeat too much"),
        (bomb(9, kind="map"), "aliases .* repeat too much"),
        (bomb(4), "dishes"),
        ("day: &a [*a]\n", "alias .* stands within what it names"),
        ("day: &a {b: {c: *a}}\n", "alias .* stands within what it names"),
        ("day: " + "[" * 5000 + "]" * 5000, "not valid YAML"),
        ("? [a]\n: b\n", "a key is no text"),
        ("? {a: b}\n: b\n", "a key is no text"),
        ("day: " + "x" * 100000, "day"),
    ],
)
def test_hostile_yaml_is_a_short_line(read, text, complaint):
    with pytest.raises(XserError, match=complaint) as error:
        read(text)
    assert len(str(error.value)) < 600 and "\n" not in str(error.value)
