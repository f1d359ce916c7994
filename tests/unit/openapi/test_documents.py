"""Loading, indexing and caching of OpenAPI documents."""

import json
from pathlib import Path
from threading import Thread

import pytest

from hooktop.openapi.documents import BUNDLED, Document, DocumentError, load

PETS = """
openapi: 3.1.0
info: { title: Pets, version: 2.0.1 }
paths:
  /pets/{id}:
    parameters:
      - $ref: '#/components/parameters/Id'
    get:
      operationId: getPet
      summary: Show a pet
      x-source: [a page, a client]
      x-inferred: nobody says so
      responses:
        '200':
          description: The pet.
          content:
            application/json:
              schema: { $ref: '#/components/schemas/Pet' }
              examples:
                rex: { $ref: '#/components/examples/Rex' }
        '404': { $ref: '#/components/responses/Gone' }
        '5XX': { description: Broken. }
        default: { description: Anything. }
    delete:
      operationId: deletePet
      responses:
        '204': { description: Deleted., x-inferred: no number is printed }
  /pets/lost:
    get:
      operationId: listLost
      x-inferred: { responses/200: why here }
      parameters:
        - { name: since, in: query, x-inferred: seen in a client, schema: { type: string } }
      responses:
        '200': { description: The lost ones. }
components:
  parameters:
    Id: { name: id, in: path, required: true, schema: { type: string } }
  responses:
    Gone: { description: No such pet. }
  examples:
    Rex: { value: { name: rex, born: 2020-01-31 } }
  schemas:
    Pet:
      type: object
      description: A pet.
      properties:
        description: { type: string }
        owner: { $ref: '#/components/schemas/Owner', description: Whose it is. }
    Owner: { type: object, x-note: people, properties: { name: { type: string, example: Ann } } }
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("HOOKTOP_CACHE_DIR", str(folder))
    return folder


def written(folder: Path, text: str = PETS, name: str = "pets.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def pets(tmp_path) -> Document:
    return load(written(tmp_path))


def test_a_document_knows_its_title_version_and_operations(pets, tmp_path):
    assert (pets.name, pets.title, pets.version) == ("pets", "Pets", "2.0.1")
    assert set(pets.operations) == {"getPet", "deletePet", "listLost"}
    assert pets.path == tmp_path / "pets.yaml"


def test_an_operation_carries_its_source_and_what_was_inferred(pets):
    operation = pets.operations["getPet"]
    assert (operation.method, operation.path, operation.summary) == ("GET", "/pets/{id}", "Show a pet")
    assert operation.source == ("a page", "a client")
    assert operation.inferred == {"": "nobody says so"}
    assert pets.operations["deletePet"].inferred == {"responses/204": "no number is printed"}
    assert pets.operations["listLost"].inferred == {
        "parameters/since": "seen in a client",
        "responses/200": "why here",
    }


def test_references_to_parameters_answers_and_examples_are_resolved(pets):
    operation = pets.operations["getPet"]
    assert [(item.name, item.where, item.required) for item in operation.parameters] == [("id", "path", True)]
    assert operation.responses["404"].description == "No such pet."
    assert operation.examples == {("200", "rex"): {"name": "rex", "born": "2020-01-31"}}


def test_a_date_stays_the_text_that_it_is_on_the_wire(pets):
    assert pets.operations["getPet"].responses["200"].examples["rex"]["born"] == "2020-01-31"


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        pytest.param("GET", "/pets/7", ("getPet", {"id": "7"}), id="parameter"),
        pytest.param("get", "/pets/7", ("getPet", {"id": "7"}), id="method in any case"),
        pytest.param("GET", "/pets/lost", ("listLost", {}), id="literal wins"),
        pytest.param("DELETE", "/pets/lost", ("deletePet", {"id": "lost"}), id="no literal for the method"),
        pytest.param("GET", "/pets/", None, id="empty parameter"),
        pytest.param("GET", "/pets", None, id="too short"),
        pytest.param("GET", "/pets/7/toys", None, id="too long"),
        pytest.param("POST", "/pets/7", None, id="other method"),
    ],
)
def test_find_gives_the_operation_and_its_path_values(pets, method, path, found):
    hit = pets.find(method, path)
    assert (hit and (hit[0].id, hit[1])) == found


@pytest.mark.parametrize(
    ("status", "documented"), [(200, "200"), (404, "404"), (503, "5XX"), (418, "default")], ids=str
)
def test_the_nearest_documented_answer_is_taken(pets, status, documented):
    answer = pets.operations["getPet"].response(status)
    assert answer is not None
    assert answer.status == documented


def test_an_undocumented_status_has_no_answer(pets):
    assert pets.operations["deletePet"].response(200) is None


def test_expanding_a_schema_leaves_neither_references_nor_annotations(pets):
    expanded = pets.expand({"$ref": "#/components/schemas/Pet"})
    owner = {"type": "object", "properties": {"name": {"type": "string"}}}
    assert expanded == {
        "type": "object",
        "properties": {"description": {"type": "string"}, "owner": owner},
    }


def test_keywords_beside_a_reference_are_kept(pets):
    expanded = pets.expand({"$ref": "#/components/schemas/Owner", "minProperties": 1})
    assert expanded["allOf"][1] == {"minProperties": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("paths: [", "no valid YAML", id="no yaml"),
        pytest.param("title: no paths", "no 'paths'", id="no paths"),
        pytest.param("paths: { /a: { get: { responses: {} } } }", "GET /a has no operationId", id="no id"),
        pytest.param(
            "paths: { /a: { get: { operationId: a, responses: { '200': { $ref: '#/nowhere' } } } } }",
            "#/nowhere refers to nothing",
            id="dangling reference",
        ),
        pytest.param(
            "paths: { /a: { get: { operationId: a, responses: { '200': { $ref: 'other.yaml#/a' } } } } }",
            "only references within the document",
            id="foreign reference",
        ),
        pytest.param(
            "x: { $ref: '#/x' }\npaths: { /a: { get: { operationId: a, responses: { '200': { $ref: '#/x' } } } } }",
            "refers to itself",
            id="circle of references",
        ),
    ],
)
def test_an_unusable_document_is_refused_by_name_and_reason(tmp_path, text, reason):
    path = written(tmp_path, text, "broken.yaml")
    with pytest.raises(DocumentError, match=reason) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(DocumentError, match=r"absent\.yaml: cannot be read"):
        load(tmp_path / "absent.yaml")


def test_a_schema_that_contains_itself_is_refused(tmp_path):
    schema = "components: { schemas: { Tree: { items: { $ref: '#/components/schemas/Tree' } } } }"
    document = load(written(tmp_path, f"paths: {{}}\n{schema}", "tree.yaml"))
    with pytest.raises(DocumentError, match="Tree contains itself"):
        document.expand({"$ref": "#/components/schemas/Tree"})


def test_a_schema_with_a_keyword_that_could_hide_fields_is_refused(pets):
    with pytest.raises(DocumentError, match="schemas with if are not supported"):
        pets.expand({"properties": {"a": {"if": {"minimum": 1}}}})


# --- cache --------------------------------------------------------------------


def entries(cache: Path) -> list[Path]:
    return sorted(cache.iterdir()) if cache.exists() else []


def test_a_document_is_kept_as_json_and_read_from_there(tmp_path, cache, monkeypatch):
    load(written(tmp_path / "one"))
    (entry,) = entries(cache)
    assert json.loads(entry.read_text(encoding="utf-8"))["info"]["title"] == "Pets"

    def no_yaml(*_):
        raise AssertionError("YAML was parsed again")

    monkeypatch.setattr("hooktop.openapi.documents.reading._parse", no_yaml)
    assert load(written(tmp_path / "two")).title == "Pets"


def test_a_changed_document_is_read_anew(tmp_path, cache):
    load(written(tmp_path / "one"))
    assert load(written(tmp_path / "two", PETS.replace("Pets", "Cats"))).title == "Cats"
    assert len(entries(cache)) == 2


def test_the_cache_entry_carries_the_version_of_the_program(tmp_path, cache, monkeypatch):
    monkeypatch.setattr("hooktop.openapi.documents.reading.__version__", "9.9.9")
    load(written(tmp_path))
    assert entries(cache)[0].name.endswith("-9.9.9.json")


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"a": 1}', "\x00\xff"], ids=repr)
def test_a_damaged_cache_entry_is_ignored_and_replaced(tmp_path, cache, damage):
    load(written(tmp_path / "one"))
    (entry,) = entries(cache)
    entry.write_text(damage, encoding="latin-1")
    assert load(written(tmp_path / "two")).title == "Pets"
    assert entries(cache) == [entry]
    assert "paths" in json.loads(entry.read_text(encoding="utf-8"))


def test_a_cache_that_cannot_be_written_is_ignored(tmp_path, cache):
    cache.write_text("a file, where a folder is wanted", encoding="utf-8")
    assert load(written(tmp_path)).title == "Pets"


def test_a_full_disk_leaves_nothing_behind(tmp_path, cache, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("hooktop.openapi.documents.reading.os.replace", full)
    assert load(written(tmp_path)).title == "Pets"
    assert entries(cache) == []


def test_the_first_reading_equals_a_later_one_from_the_cache(tmp_path):
    text = PETS.replace("'200': { description: The lost ones. }", "200: { description: A number as key. }")
    first = load(written(tmp_path / "one", text))
    assert load(written(tmp_path / "two", text)).raw == first.raw
    assert "200" in first.operations["listLost"].responses


# --- once per process -------------------------------------------------------------


def test_a_document_is_made_once_whoever_asks(tmp_path):
    path = written(tmp_path)
    found: list[Document] = []
    threads = [Thread(target=lambda: found.append(load(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(item is found[0] for item in found)


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_document_loads_by_its_name(name):
    document = load(name)
    assert document.name == name
    assert document.operations
    assert name in repr(document)
