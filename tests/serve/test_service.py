"""The service: what it answers, what it refuses, and what it never does."""

import http.client
import io
import json
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from string import ascii_uppercase

import numpy as np
import pytest
import schemathesis
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from playwright.sync_api import expect
from schemathesis.config import SchemathesisConfig

from digitbook import cli
from digitbook.errors import BadInput
from digitbook.images import strangers
from digitbook.images.handwriting import draw, drawings, hands
from digitbook.images.photo import clean_photo
from digitbook.images.prepare import prepare_drawing
from digitbook.inference.network import Network
from digitbook.serve import app as service
from digitbook.serve import openapi

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
SEVEN = next(draw(strokes, pen) for digit, _, _, strokes, pen in drawings(1) if digit == 7)


@pytest.fixture(scope="module")
def network():
    return Network.load()


@pytest.fixture(scope="module")
def app(network):
    return service.create_app(network)


@pytest.fixture
def client(app):
    return app.test_client()


@contextmanager
def serving(*arguments):
    """Run `digitbook serve` on a free port; yields the process and the port."""
    command = [sys.executable, "-m", "digitbook.cli", "serve", "--port", "0", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            address = re.search(r":(\d+)/ ", process.stdout.readline())
            assert address, process.stderr.read()
            yield process, int(address[1])
        finally:
            process.kill()


@pytest.fixture(scope="module")
def port():
    with serving() as (_, port):
        yield port


def encoded(image, kind="png", **options):
    file = io.BytesIO()
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    image.save(file, kind, **options)
    return file.getvalue()


def upload(client, *contents):
    files = [(io.BytesIO(content), f"{number}.png") for number, content in enumerate(contents)]
    return client.post("/api/predict", data={"image": files})


def post(client, content, mimetype="image/png"):
    return client.post("/api/predict", data=content, content_type=mimetype)


def refused(response, status, reason):
    assert response.status_code == status, response.text
    assert response.mimetype == "application/json"
    assert list(response.json) == ["error"]
    assert re.search(reason, response.json["error"]), response.json
    assert response.json["error"].endswith(".")
    assert response.json["error"].count(". ") == 0


def expected(network, *images):
    return network.probabilities(np.stack(images))


def check(response, probabilities, names):
    """Compare an answer with probabilities `(N, classes)`."""
    assert response.status_code == 200, response.text
    assert list(response.json) == ["predictions", "model"]
    for found, row in zip(response.json["predictions"], probabilities, strict=True):
        assert list(found["probabilities"]) == names
        np.testing.assert_allclose(list(found["probabilities"].values()), row, atol=1e-6)
        assert found["label"] == (None if found["why"] else names[row.argmax()])
        assert found["confidence"] == max(found["probabilities"].values())


# What it answers


@pytest.mark.parametrize(("kind", "mimetype"), [("png", "image/png"), ("jpeg", "image/jpeg")])
def test_an_image_is_read(client, network, kind, mimetype):
    content = encoded(255 - SEVEN, kind)
    response = post(client, content, mimetype)
    prepared = prepare_drawing(clean_photo(Image.open(io.BytesIO(content))))
    check(response, expected(network, prepared), network.class_names)
    assert response.json["predictions"][0]["label"] == "7"
    assert response.json == upload(client, content).json


def test_what_is_no_digit_gets_no_label_and_a_reason(client, network):
    (star,) = strangers.drawn({"star": strangers.UNSEEN["star"]}, 1, np.random.default_rng(0))
    response = client.post("/api/predict", json={"images": [star.tolist()]})
    check(response, expected(network, star), network.class_names)
    (found,) = response.json["predictions"]
    assert found["label"] is None
    assert found["why"] == "This looks like something else, not like a digit."


def number_on(sheet, text):
    """Draw a number as a hand does, dark on light."""
    strokes, x = [], 30
    for character in text:
        (written, *_) = [hands()[key] for key in hands() if key[0] == int(character)]
        strokes += [(stroke - np.concatenate(written).min(axis=0)) * 90 + (x, 60) for stroke in written]
        x += np.ptp(np.concatenate(written), axis=0)[0] * 90 + 20
    return draw(strokes, 10, sheet)


def test_numbers_are_read_from_a_file_a_form_and_pixels(client):
    ink = number_on(480, "2025")
    content = encoded(255 - ink)
    sent = [
        client.post("/api/numbers", data=content, content_type="image/png"),
        client.post("/api/numbers", data={"image": (io.BytesIO(content), "a.png")}),
        client.post("/api/numbers", json={"drawings": [ink.tolist()]}),
    ]
    for response in sent:
        assert response.status_code == 200, response.text
        assert response.json["model"] == "cnn"
        (found,) = response.json["numbers"]
        assert (found["number"], found["why"]) == ("2025", None)
        assert [digit["digit"] for digit in found["digits"]] == list("2025")


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        ({"json": {"drawings": [[[255]], [[255]]]}}, 400, "one at a time"),
        ({"json": {"images": [np.zeros((28, 28), int).tolist()]}}, 400, "Send a drawing"),
        ({"json": {"drawings": [[[0, 0], [0, 0]]]}}, 422, "Image 1: There is no ink"),
        ({"data": b"?", "content_type": "image/png"}, 422, "Image 1: This is not an image"),
        ({"data": b"?", "content_type": "text/plain"}, 415, "PNG or JPEG"),
        (
            {"json": {"drawings": [([[0, 255] * 45, [0, 0] * 45] * 45)]}},
            422,
            "more than 400 pieces of ink",
        ),
    ],
)
def test_what_holds_no_numbers_is_refused(client, sent, status, reason):
    refused(client.post("/api/numbers", **sent), status, reason)


def test_a_network_for_letters_answers_for_no_numbers(letters):
    app = service.create_app(Network.load(letters / "letters-cnn.tflite"))
    assert "/api/numbers" not in app.test_client().get("/openapi.json").json["paths"]
    refused(app.test_client().post("/api/numbers"), 404, "nothing at this address")


def test_several_images_are_read_in_their_order(client, network):
    images = [draw(strokes, pen) for *_, strokes, pen in drawings(1)][::7]
    prepared = [prepare_drawing(clean_photo(255 - image)) for image in images]
    response = upload(client, *(encoded(255 - image) for image in images))
    check(response, expected(network, *prepared), network.class_names)


def test_prepared_images_are_read_as_they_are(client, network, digits):
    images = digits.x_test[: openapi.MAX_IMAGES]
    response = client.post("/api/predict", json={"images": images.tolist()})
    check(response, network.probabilities(images), network.class_names)
    labels = [found["label"] for found in response.json["predictions"]]
    right = np.mean(np.array(labels) == digits.y_test[: len(labels)].astype(str))
    assert right > 0.95


def test_drawings_of_any_size_are_prepared(client, network):
    shapes = [SEVEN, SEVEN[::3, ::3], np.kron(SEVEN[::2, ::2], np.ones((2, 1), "uint8"))]
    response = client.post("/api/predict", json={"drawings": [shape.tolist() for shape in shapes]})
    prepared = map(prepare_drawing, shapes)
    check(response, expected(network, *prepared), network.class_names)


def test_whole_numbers_may_be_written_as_fractions(client):
    found = [
        client.post("/api/predict", json={"drawings": [drawing.tolist()]}).json
        for drawing in (SEVEN, SEVEN.astype(float))
    ]
    assert found[0] == found[1]


def test_the_command_line_gives_the_same_answer(client, tmp_path, capsys):
    photo = np.uint8(200 - 0.6 * SEVEN + np.linspace(0, 40, SEVEN.shape[1]))
    for kind in ("png", "jpeg"):
        file = tmp_path / f"seven.{kind}"
        file.write_bytes(encoded(photo, kind))
        assert cli.main(["predict", "--json", str(file)]) == 0
        (told,) = json.loads(capsys.readouterr().out)
        (served,) = post(client, file.read_bytes()).json["predictions"]
        assert {key: told[key] for key in served} == served


def test_the_model_is_described(client, network):
    model = client.get("/api/model").json
    assert model == {key: network.description[key] for key in network.description if key != "layers"}
    assert model["classes"] == network.class_names
    assert client.get("/healthz").json == {"status": "ok"}


def test_a_network_for_letters_is_served_as_one(letters):
    client = service.create_app(Network.load(letters / "letters-cnn.tflite")).test_client()
    (found,) = post(client, encoded(255 - SEVEN)).json["predictions"]
    assert found["label"] == "H"
    assert list(found["probabilities"]) == list(ascii_uppercase)
    assert client.get("/api/model").json["kind"] == "letters"
    for path in ("/", "/openapi.json"):
        told = client.get(path).text
        assert "letter" in told
        assert "digit" not in told.replace("digitbook", "")


def test_a_keras_file_is_served_as_its_export(network, digits, monkeypatch):
    apps = []
    monkeypatch.setattr(service, "run", lambda app, *_: apps.append(app))
    assert cli.main(["serve", "--model", str(ROOT / "results" / "cnn.keras")]) == 0
    batches = digits.x_test[:40].reshape(20, 2, 28, 28)

    def ask(images):
        return apps[0].test_client().post("/api/predict", json={"images": images.tolist()})

    with ThreadPoolExecutor(4) as pool:
        for images, response in zip(batches, pool.map(ask, batches), strict=True):
            for found, row in zip(
                response.json["predictions"], network.probabilities(images), strict=True
            ):
                np.testing.assert_allclose(list(found["probabilities"].values()), row, atol=1e-4)


def test_the_manual_s_example_is_answered_as_it_says(client):
    manual = (ROOT / "book" / "manual.md").read_text()
    (found,) = post(client, *re.findall(r"--data '(.*?)'", manual, re.S), "application/json").json[
        "predictions"
    ]
    label, confidence = re.search(r'`"label": "(\d)"`\s.*?(0\.\d+)', manual, re.S).groups()
    assert (found["label"], f"{found['confidence']:.4f}") == (label, confidence)


# What it refuses


def chunk(kind, content):
    return (
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(width, height, *chunks):
    """A PNG of a size that its pixels may not have."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


INFLATED = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000)))
BROKEN_EXIF = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(range(256))


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        pytest.param(b"", 422, "not an image", id="nothing"),
        pytest.param(b"GIF89a, or so it says", 422, "not an image", id="no image"),
        pytest.param(encoded(SEVEN, "gif"), 422, "PNG, JPEG", id="another format"),
        pytest.param(encoded(SEVEN)[:-300], 422, "cannot be read", id="truncated PNG"),
        pytest.param(encoded(SEVEN, "jpeg")[:-300], 422, "cannot be read", id="truncated JPEG"),
        pytest.param(png(0, 0), 422, "not an image", id="0x0"),
        pytest.param(png(28, 0), 422, "not an image", id="28x0"),
        pytest.param(png(28, 28, INFLATED), 422, "cannot be read", id="inflated comment"),
        pytest.param(png(10_000, 10_000), 413, "32 million pixels", id="10,000x10,000"),
        pytest.param(png(60_000, 60_000), 413, "32 million pixels", id="60,000x60,000"),
        pytest.param(
            encoded(Image.new("1", (10_000, 10_000))), 413, "32 million pixels", id="decompression bomb"
        ),
        pytest.param(encoded(np.full((50, 50), 255, "uint8")), 422, "no ink", id="blank"),
        pytest.param(encoded(np.zeros((1, 1), "uint8")), 422, "no ink", id="one pixel"),
    ],
)
def test_bad_images_are_refused(client, content, status, reason):
    refused(post(client, content), status, reason)
    refused(upload(client, content), status, reason)


def test_the_bad_one_of_several_images_is_named(client):
    good = encoded(255 - SEVEN)
    refused(upload(client, good, b"?", good), 422, "Image 2: This is not an image")
    refused(
        upload(client, good, good, encoded(np.zeros((9, 9), "uint8"))), 422, "Image 3: There is no ink"
    )


def test_pixels_count_together(client):
    large = encoded(Image.new("1", (openapi.MAX_PIXELS // 5_000, 3_000)))
    told = f"together {openapi.MAX_PIXELS // 1_000_000} million pixels"
    refused(upload(client, large, large), 413, told)


def test_too_many_images_are_refused(client):
    small = encoded(SEVEN[::10, ::10])
    most, told = openapi.MAX_IMAGES, f"{openapi.MAX_IMAGES} images"
    assert upload(client, *[small] * most).status_code == 200
    for count in (most + 1, most * 20):
        refused(upload(client, *[small] * count), 413, told)
    prepared = prepare_drawing(SEVEN).tolist()
    refused(client.post("/api/predict", json={"images": [prepared] * (most + 1)}), 413, told)


@pytest.mark.parametrize(
    "data",
    [
        {"image": "seven.png"},
        {"image": ""},
        {},
        {"file": (io.BytesIO(encoded(SEVEN)), "a.png")},
        {"image": (io.BytesIO(encoded(SEVEN)), "a.png"), "more": "text"},
    ],
)
def test_a_form_with_other_fields_is_refused(client, data):
    response = client.post("/api/predict", data=data, content_type="multipart/form-data; boundary=x")
    refused(response, 400, "field image")


BLANK = [[0] * 28 for _ in range(28)]
ONE = [[0, 255, 0]] * 9


def pixel(value):
    return json.dumps({"images": [[[value, *[0] * 27], *BLANK[1:]]]})


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ("", 400, "not JSON"),
        ("{", 400, "not JSON"),
        (b"\xff\xfe\xff", 400, "not JSON"),
        ("[" * 100_000, 400, "not JSON"),
        ("1" * 5_000, 400, "not JSON"),
        ("[]", 400, "either images or drawings"),
        ("7", 400, "either images or drawings"),
        ("{}", 400, "either images or drawings"),
        ({"image": [BLANK]}, 400, "either images or drawings"),
        ({"images": [BLANK], "drawings": [ONE]}, 400, "either images or drawings"),
        ({"images": []}, 400, "at least one"),
        ({"images": BLANK}, 400, "Image 1 is not a list of rows"),
        ({"images": "7"}, 400, "as a list"),
        ({"images": [BLANK, 7]}, 400, "Image 2 is not a list of rows"),
        ({"images": [BLANK[:27]]}, 400, "28 rows of 28"),
        ({"images": [ONE]}, 400, "28 rows of 28"),
        ({"images": [[*BLANK[:27], [0] * 27]]}, 400, "one length"),
        ({"drawings": [[]]}, 400, "not empty"),
        ({"drawings": [[[]]]}, 400, "not empty"),
        ({"drawings": [[[0], [1, 2]]]}, 400, "one length"),
        ({"drawings": [[[[7]]]]}, 400, "whole numbers"),
        (pixel(256), 400, "whole numbers"),
        (pixel(-1), 400, "whole numbers"),
        (pixel(0.5), 400, "whole numbers"),
        (pixel("7"), 400, "whole numbers"),
        (pixel(True), 400, "whole numbers"),
        (pixel(None), 400, "whole numbers"),
        (pixel(10**400), 400, "whole numbers"),
        (pixel(7).replace("7", "1e999"), 400, "whole numbers"),
        (pixel(float("nan")), 400, "NaN is not a pixel"),
        (pixel(float("inf")), 400, "Infinity is not a pixel"),
        (pixel(-float("inf")), 400, "-Infinity is not a pixel"),
        (pixel(0), 422, "Image 1: There is no ink"),
        ({"drawings": [ONE, [[0]]]}, 422, "Image 2: There is no ink"),
        (" " * 4_000_001, 413, "4 MB of JSON"),
    ],
)
def test_bad_json_is_refused(client, body, status, reason):
    content = json.dumps(body) if isinstance(body, dict) else body
    refused(post(client, content, "application/json"), status, reason)


def test_other_bodies_are_refused(client):
    for mimetype in ("text/plain", "application/x-www-form-urlencoded", "image/gif", "", "?"):
        refused(post(client, encoded(SEVEN), mimetype), 415, "PNG or JPEG")


def test_a_large_body_is_refused(client):
    refused(post(client, bytes(16_000_001)), 413, "16 MB")


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/predict/",
        "/api//model",
        "/healthz//",
        "/static/",
        "/static/../serve.py",
        "/static/%2e%2e/serve.py",
        "/static/..%2f..%2fMakefile",
        "/static//etc/passwd",
        "/static/explorer.js",
        "/static/draw.js%00",
        "/%ff",
    ],
)
def test_unknown_addresses_are_refused(client, path):
    refused(client.get(path), 404, "nothing at this address")


def test_unknown_methods_are_refused(client):
    for path in ("/", "/api/model", "/healthz", "/openapi.json", "/static/draw.js"):
        for method in ("POST", "DELETE", "OPTIONS", "TRACE", "NONSENSE"):
            refused(client.open(path, method=method), 405, "does not take that method")
    for method in ("GET", "PUT", "PATCH", "OPTIONS"):
        response = client.open("/api/predict", method=method)
        refused(response, 405, "does not take that method")
        assert response.headers["Allow"] == "POST"


def test_a_failure_of_its_own_is_one_sentence(network, caplog, monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", "1")

    class Broken:
        class_names, description, kind = network.class_names, network.description, network.kind
        noun = network.noun

        def answers(self, images):
            raise RuntimeError("secret")

    client = service.create_app(Broken()).test_client()
    response = client.post("/api/predict", json={"drawings": [ONE]})
    refused(response, 500, "went wrong")
    assert "secret" not in response.text
    assert "secret" in caplog.text


# What it promises


@pytest.mark.parametrize("path", ["/", "/static/draw.js", "/api/model", "/nowhere", "/api/predict"])
def test_every_answer_is_protected(client, path):
    headers = client.get(path).headers
    parts = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert parts == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in headers


def test_the_page_has_nothing_inline_and_all_it_asks_for(client):
    page = client.get("/").text
    assert "<!doctype html>" in page.lower()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    for tag in re.findall(r"<script[^>]*>[^<]*", page):
        assert re.fullmatch(r"<script [^>]*src=[^>]*>", tag), tag
    for path in re.findall(r'(?:src|href)="([^"#]+)"', page):
        assert client.get(f"/{path}").status_code == 200
    assert client.get("/static/draw.js").mimetype == "text/javascript"
    etag = client.get("/static/draw.js").headers["ETag"]
    assert client.get("/static/draw.js", headers={"If-None-Match": etag}).status_code == 304


config = SchemathesisConfig.from_dict(
    {
        "seed": 4,
        # A schema cannot say that a string is a PNG, or that an image has ink.
        "checks": {
            "positive_data_acceptance": {"expected-statuses": [200, 400, 413, 422]},
            "negative_data_rejection": {"expected-statuses": [400, 404, 405, 413, 415, 422]},
        },
        "generation": {"mode": "all"},
        # It would change each of MAX_IMAGES x 28 x 28 pixels in turn.
        "phases": {"coverage": {"enabled": False}},
    }
)
description = schemathesis.openapi.from_wsgi("/openapi.json", service.create_app(), config=config)


@description.parametrize()
@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_fuzzed_from_its_description(case):
    case.call_and_validate()


FILES = [encoded(255 - SEVEN[::4, ::4]), encoded(255 - SEVEN[::4, ::4], "jpeg", exif=BROKEN_EXIF)]


@given(st.sampled_from(FILES), st.data())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_damaged_files_are_read_or_refused(content, data):
    damaged = bytearray(content)
    for place, value in data.draw(
        st.dictionaries(st.integers(0, len(content) - 1), st.integers(0, 255))
    ).items():
        damaged[place] = value
    cut = data.draw(st.integers(0, len(content)))
    response = post(description.app.test_client(), bytes(damaged[: cut or None]))
    assert response.status_code in (200, 413, 422), response.text


# The page


@pytest.fixture
def visit(browser, port):
    """Opens the page and fails on whatever the browser complains about."""
    opened, complaints = [], []

    def go(port=port, **options):
        home = f"http://127.0.0.1:{port}/"
        context = browser.new_context(**options)
        opened.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda sent: sent.url.startswith(home) or complaints.append(sent.url))
        tab.goto(home)
        return tab

    yield go
    for context in opened:
        context.close()
    assert complaints == []


def draw_seven(tab):
    box = tab.locator(".draw canvas.paper").bounding_box()
    corners = [(0.3, 0.2), (0.7, 0.2), (0.45, 0.8)]
    (x, y), *others = [(box["x"] + a * box["width"], box["y"] + b * box["height"]) for a, b in corners]
    tab.mouse.move(x, y)
    tab.mouse.down()
    for x, y in others:
        tab.mouse.move(x, y, steps=10)
    tab.mouse.up()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_reads_what_is_drawn(visit, scheme):
    tab = visit(color_scheme=scheme)
    expect(tab.locator("html")).to_have_attribute("data-theme", scheme)
    expect(tab.locator(".draw .remark")).to_have_text("An empty canvas is not a digit.")
    draw_seven(tab)
    expect(tab.locator(".draw .answer")).to_have_text("7")
    tab.get_by_role("button", name="Clear").click()
    expect(tab.locator(".draw .answer")).to_have_text("–")


def test_the_page_of_a_network_for_letters_asks_for_letters(visit, letters):
    with serving("--model", str(letters / "letters-cnn.tflite")) as (_, port):
        tab = visit(port)
        expect(tab).to_have_title("Draw a letter")
        expect(tab.locator(".draw .remark")).to_have_text("An empty canvas is not a letter.")
        expect(tab.locator(".draw .hint")).to_have_text("Draw a letter here")
        draw_seven(tab)
        expect(tab.locator(".draw .answer")).to_have_text("H")
        expect(tab.get_by_role("list", name="Probability of each letter")).to_contain_text("Z")
        tab.close()  # or it could miss the server


def test_the_page_fits_a_phone(visit):
    tab = visit(viewport={"width": 360, "height": 740})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_answer_stands_over_the_canvas_of_a_phone_which_stays_where_it_is(visit):
    tab = visit(viewport={"width": 390, "height": 844})
    canvas = tab.locator(".draw .paper")
    before = canvas.bounding_box()
    for left, right in ((0.2, 0.8), (0.45, 0.5)):  # a stroke, which is a digit or none; and a dot
        tab.mouse.move(before["x"] + left * before["width"], before["y"] + 0.5 * before["height"])
        tab.mouse.down()
        tab.mouse.move(before["x"] + right * before["width"], before["y"] + 0.5 * before["height"])
        tab.mouse.up()
        expect(tab.locator(".draw .answer")).not_to_be_empty()
        verdict = tab.locator(".draw .verdict").bounding_box()
        assert verdict["y"] >= 0
        assert verdict["y"] + verdict["height"] <= before["y"]
        assert before["y"] + before["height"] <= 844
        assert canvas.bounding_box() == before
        tab.get_by_role("button", name="Clear").click()


# The process


def test_sixty_four_clients_at_once_get_their_own_answers(port, network, digits):
    images = digits.x_test[:64]
    probabilities = network.probabilities(images)
    together = threading.Barrier(64)

    def ask(number):
        body = json.dumps({"images": [images[number].tolist()]})
        together.wait()
        connection = http.client.HTTPConnection("127.0.0.1", port)
        found = []
        for _ in range(5):
            connection.request("POST", "/api/predict", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            assert response.status == 200
            (prediction,) = json.loads(response.read())["predictions"]
            found.append(list(prediction["probabilities"].values()))
        connection.close()
        return found

    with ThreadPoolExecutor(64) as pool:
        for number, found in enumerate(pool.map(ask, range(64))):
            np.testing.assert_allclose(found, [probabilities[number]] * 5, atol=1e-6)


def asked_of(port, method, path, body=None, media_type="text/plain"):
    """Return the status and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, path, body, {"Content-Type": media_type})
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found


def test_large_requests_and_silent_clients_leave_room_for_others(port):
    line = [255, *[0] * 5998, 255]
    for_long = json.dumps({"drawings": [[line]] * openapi.MAX_IMAGES}).encode()
    photos = encoded(np.random.default_rng(0).integers(200, 230, (700, 700)).astype("uint8"))
    part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    form = b"".join(part + photos + b"\r\n" for _ in range(20)) + b"--x--\r\n"
    waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(150)]
    for connection in waiting:
        connection.sendall(b"POST /api/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab")
    with ThreadPoolExecutor(8) as pool:
        large = [
            pool.submit(asked_of, port, "POST", "/api/predict", *sent)
            for sent in ((for_long, "application/json"), (form, "multipart/form-data; boundary=x")) * 4
        ]
        asked = [
            asked_of(port, "GET", "/healthz"),
            asked_of(port, "POST", "/api/predict", encoded(255 - SEVEN), "image/png"),
        ]
        unfinished = [each for each in large if not each.done()]
    assert [status for status, _ in asked] == [200, 200]
    assert json.loads(asked[1][1])["predictions"][0]["label"] == "7"
    assert len(unfinished) > 4
    assert all(each.result()[0] in (200, 422) for each in large)
    for connection in waiting:
        connection.close()


def answer_to(port, *parts):
    """Send bytes as they are and return the status, the headers and the body."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for part in parts:
            connection.sendall(part)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status, response.headers, json.loads(response.read())


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"nonsense\r\n\r\n", 400, "no HTTP request"),
        (b"GET / HTTP/1.1\r\nX: " + bytes(300_000) + b"\r\n\r\n", 431, "no HTTP request"),
        (b"POST /api/predict HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400, "no HTTP request"),
        (b"POST /api/predict HTTP/1.1\r\nContent-Length: 16000001\r\n\r\n", 413, "16 MB"),
        (b"NONSENSE / HTTP/1.1\r\n\r\n", 405, "does not take that method"),
        (b"GET http://[/ HTTP/1.1\r\n\r\n", 400, "no HTTP request"),
    ],
)
def test_what_is_no_request_is_refused_alike(port, sent, status, reason):
    found, headers, body = answer_to(port, sent)
    assert found == status
    assert re.search(reason, body["error"])
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in headers


def test_a_large_body_in_chunks_is_refused(port):
    head = (
        b"POST /api/predict HTTP/1.1\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    megabyte = b"f4240\r\n" + bytes(1_000_000) + b"\r\n"
    status, _, body = answer_to(port, head, *[megabyte] * 16, b"1\r\n0\r\n")
    assert status == 413
    assert "16 MB" in body["error"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_this_machine_until_it_is_told_to_stop(how):
    with serving("--threads", "1") as (process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(how)
        out, err = process.communicate()
        assert (process.returncode, out, err) == (0, "Stopped.\n", "")


def test_the_proxy_of_the_chapter_lets_through_what_the_service_takes():
    notebook = (ROOT / "notebooks" / "10-deployment.ipynb").read_text()
    assert f"client_max_body_size {openapi.MAX_BYTES // 1_000_000}m;" in notebook


def test_gunicorn_runs_it_as_the_chapter_says(client, tmp_path):
    notebook = json.loads((ROOT / "notebooks" / "10-deployment.ipynb").read_text())
    text = "".join(line for cell in notebook["cells"] for line in cell["source"])
    command = re.search(r"^gunicorn .*", text, re.M)[0].replace("127.0.0.1:8000", "127.0.0.1:0")
    with subprocess.Popen(
        [sys.executable, "-m", *shlex.split(command)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(tmp_path)},  # where gunicorn puts a socket of its own
    ) as process:
        try:
            said = ""
            while not (address := re.search(r"Listening at: http://127.0.0.1:(\d+)", said)):
                line = process.stderr.readline()
                assert line, said
                said += line
            connection = http.client.HTTPConnection("127.0.0.1", int(address[1]))
            connection.request("GET", "/healthz")
            assert json.loads(connection.getresponse().read()) == {"status": "ok"}
            content = encoded(255 - SEVEN)
            connection.request("POST", "/api/predict", content, {"Content-Type": "image/png"})
            assert json.loads(connection.getresponse().read()) == post(client, content).json
            connection.close()
        finally:
            process.terminate()
            said += process.communicate()[1]
    assert process.returncode == 0, said


def test_it_starts_without_tensorflow():
    code = (
        "import sys; from digitbook.serve.app import create_app; create_app(); "
        "print(sorted({'tensorflow', 'keras', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def bad(*arguments):
    command = [sys.executable, "-m", "digitbook.cli", "serve", *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    return result.stderr


def test_an_address_that_cannot_be_had_is_one_sentence(port):
    taken = bad("--port", str(port))
    assert f"127.0.0.1, port {port}: Address already in use" in taken
    assert taken.count("\n") == 1
    assert bad("--host", "nowhere.invalid").count("\n") == 1
    assert "0<=x<=65535" in bad("--port", "65536")
    assert "x>=1" in bad("--threads", "0")


def test_a_bad_model_is_one_sentence(tmp_path):
    assert bad("--model", str(tmp_path / "none.tflite")).count("\n") == 1
    (tmp_path / "bad.tflite").write_bytes(b"?")
    assert bad("--model", str(tmp_path / "bad.tflite")).count("\n") == 1


def test_the_page_s_files_are_needed(network, tmp_path, monkeypatch):
    monkeypatch.setitem(service.ASSETS, "draw.js", tmp_path)
    with pytest.raises(BadInput, match="cannot be served without"):
        service.create_app(network)
