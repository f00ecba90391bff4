"""A page of another site in a real browser reaches nothing of the sandbox."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.bot.harness import TOKEN, Sandbox

pytestmark = pytest.mark.slow

ATTACK = """
async ([sandbox, token]) => {
  const call = `${sandbox}/bot${token}/sendMessage?chat_id=1001&text=`;
  const said = JSON.stringify({ text: "said" });
  const opened = new Promise((resolve) => {
    const socket = new WebSocket(sandbox.replace("http", "ws") + "/sandbox/events");
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("closed");
  });
  const image = new Promise((resolve) => {
    const picture = document.body.appendChild(new Image());
    picture.onload = picture.onerror = resolve;
    picture.src = call + "image";
  });
  const frame = new Promise((resolve) => {
    const inner = document.body.appendChild(document.createElement("iframe"));
    inner.onload = resolve;
    inner.src = call + "frame";
  });
  const answers = [];
  for (const [path, options] of [
    [call + "get", {}],
    [call + "simple", { mode: "no-cors" }],
    [call + "post", { method: "POST", mode: "no-cors" }],
    [sandbox + "/sandbox/message", { method: "POST", mode: "no-cors", body: said }],
    [sandbox + "/sandbox/chat", {}],
  ])
    answers.push(await fetch(path, options).then((r) => r.type, () => "refused"));
  await Promise.all([image, frame]);
  return [await opened, answers];
}
"""


class Site(BaseHTTPRequestHandler):
    """A site that answers everything with an empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><body></body>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(params=["127.0.0.1", "evil.localhost"])
def site(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of another site: the same one on another port, then one of another name."""
    with HTTPServer(("127.0.0.1", 0), Site) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://{request.param}:{httpd.server_port}/"
        httpd.shutdown()


def test_page_of_another_site_cannot_read_or_change_the_sandbox(
    phone: Page, sandbox: Sandbox, site: str
) -> None:
    sandbox.post("/sandbox/message", text="кот")
    before = sandbox.get("/sandbox/chat")
    phone.goto(site)
    socket, answers = phone.evaluate(ATTACK, [sandbox.url, TOKEN])
    assert socket == "closed"
    assert set(answers) <= {"refused", "opaque"}
    assert sandbox.get("/sandbox/chat") == before
    # A link to the chat page still works.
    phone.evaluate("address => { location.href = address }", sandbox.url)
    expect(phone.locator(".message.out").last).to_contain_text("кот")
    phone.fill("#prompt", "пёс")
    phone.click("#send")
    expect(phone.locator(".message.out").last).to_contain_text("пёс")
