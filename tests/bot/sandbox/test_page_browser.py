"""The sandbox page in a real browser, against the real sandbox; the tests play the bot by calling the API."""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from bot.sandbox.server import Running, start_in_thread
from bot.sandbox.world import sample_world

pytestmark = pytest.mark.browser

KF, AMEI, BEIBEI = "wkSAMPLE", "wmAMEI", "wmBEIBEI"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
LONG = "敏感肌可以用面膜，先看成分再看频率。" * 20 + "https://example.com/" + "a" * 300


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield started
        started.close()


class Wanzi:
    """Plays the bot: answers through the API, as the sample world's app."""

    def __init__(self, sandbox: Running) -> None:
        self.world, self.url = sandbox.world, sandbox.url
        app = next(iter(self.world.apps.values()))
        query = {"corpid": self.world.corpid, "corpsecret": app.secret}
        self.token = requests.get(f"{self.url}/cgi-bin/gettoken", params=query, timeout=5).json()["access_token"]

    def call(self, api: str, **body: Any) -> dict[str, Any]:
        query = {"access_token": self.token}
        answer = requests.post(f"{self.url}/cgi-bin/{api}", params=query, json=body, timeout=5).json()
        assert answer["errcode"] == 0, answer
        return dict(answer)

    def say(self, text: str, **fields: Any) -> None:
        content = fields or {"msgtype": "text", "text": {"content": text}}
        self.call("kf/send_msg", touser=AMEI, open_kfid=KF, **content)

    def control(self, path: str, **body: Any) -> None:
        requests.post(f"{self.url}/control/{path}", json=body, timeout=5).raise_for_status()

    def hear(self, *texts: str, customer: str = AMEI) -> None:
        who = {"external_userid": customer, "open_kfid": KF}
        self.control("customer/write_many", messages=[who | {"text": text} for text in texts])


@pytest.fixture
def sandbox() -> Iterator[Running]:
    running = start_in_thread(sample_world())
    yield running
    running.stop()


@pytest.fixture
def wanzi(sandbox: Running) -> Wanzi:
    return Wanzi(sandbox)


@pytest.fixture
def page(browser: Browser, sandbox: Running, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The open page, 1280 wide unless the test's parameter says otherwise; it must keep its console clean."""
    context = browser.new_context(viewport=getattr(request, "param", {"width": 1280, "height": 800}), locale="zh-CN")
    opened, wrong = context.new_page(), list[str]()
    opened.set_default_timeout(8000)
    opened.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.goto(sandbox.url)
    expect(opened.locator("#line")).to_have_text("连着")
    yield opened
    context.close()
    assert [text for text in wrong if "Failed to load resource" not in text] == []


NARROW = pytest.mark.parametrize("page", [{"width": 390, "height": 844}], indirect=True)


def customer_writes(page: Page, text: str) -> None:
    box = page.get_by_label("以客户身份写")
    box.fill(text)
    box.press("Enter")


def bubbles(page: Page, pane: str) -> Locator:
    return page.locator(f"{pane} .bubble:visible")


def test_a_customers_message_shows_in_the_phone_and_at_the_servicers(page: Page, wanzi: Wanzi) -> None:
    customer_writes(page, "敏感肌能用面膜吗")
    expect(bubbles(page, "#customer")).to_have_text(["敏感肌能用面膜吗"])
    expect(bubbles(page, "#staff")).to_have_text(["敏感肌能用面膜吗"])
    wanzi.say("可以的，先看成分。")
    expect(bubbles(page, "#customer").last).to_have_text("可以的，先看成分。")
    expect(page.locator("#customer .chat-head .state")).to_have_text("机器人接待")
    expect(page.get_by_label("以客户身份写")).to_be_focused()


def test_tapping_a_menu_item_sends_it_with_its_id(page: Page, wanzi: Wanzi) -> None:
    wanzi.hear("面膜")
    items = [{"type": "click", "click": {"id": "kb-7", "content": "敏感肌能用面膜吗"}}]
    wanzi.say(
        "", msgtype="msgmenu", msgmenu={"head_content": "想问哪一件", "list": items, "tail_content": "也可以回复数字"}
    )
    page.locator("#customer").get_by_role("button", name="敏感肌能用面膜吗").click()
    expect(bubbles(page, "#customer").last).to_have_text("敏感肌能用面膜吗")
    item = wanzi.world.kf_accounts[KF].items[-1][1]
    assert item["text"] == {"content": "敏感肌能用面膜吗", "menu_id": "kb-7"}


def test_scanning_a_live_code_makes_a_friend_and_opens_the_chat(page: Page, wanzi: Wanzi) -> None:
    page.get_by_role("button", name="贝贝").click()
    page.get_by_role("button", name="扫码").click()
    page.locator("[data-do=scan-cw1]").click()
    expect(page.locator("#customer .chat-head h3")).to_have_text("林小满")
    expect(page.locator("#sheet")).to_be_hidden()
    assert wanzi.world.follow("lin", BEIBEI) is not None
    code = next(code for code in wanzi.world.welcome_codes if wanzi.world.welcome_codes[code].external_userid == BEIBEI)
    wanzi.call("externalcontact/send_welcome_msg", welcome_code=code, text={"content": "欢迎来芙屿"})
    expect(bubbles(page, "#customer")).to_have_text(["欢迎来芙屿"])
    expect(page.locator("#customer .under:visible")).to_contain_text("欢迎语")


def test_a_live_code_made_by_wanzi_can_be_scanned_at_once(page: Page, wanzi: Wanzi) -> None:
    wanzi.call("externalcontact/add_contact_way", type=1, scene=2, user=["zhou"], remark="二店", state="store=2")
    page.get_by_role("button", name="扫码").click()
    expect(page.locator("#sheet")).to_contain_text("二店")
    expect(page.locator("#customer .person")).to_have_count(2)


def test_tags_that_wanzi_marks_show_beside_the_customer(page: Page, wanzi: Wanzi) -> None:
    made = wanzi.call("externalcontact/add_corp_tag", group_name="肤质", tag=[{"name": "敏感肌"}])["tag_group"]
    tag_id = (made[0] if isinstance(made, list) else made)["tag"][0]["id"]
    wanzi.call("externalcontact/mark_tag", userid="lin", external_userid=AMEI, add_tag=[tag_id])
    expect(page.locator("#why .about .chip")).to_have_text(["敏感肌"])


def test_scanning_a_group_code_joins_the_group_where_one_can_write(page: Page, wanzi: Wanzi) -> None:
    page.get_by_role("button", name="贝贝").click()
    page.get_by_role("button", name="扫码").click()
    page.locator("[data-do=scan-jw1]").click()
    expect(page.locator("#customer .chat-head h3")).to_have_text("芙屿福利群")
    customer_writes(page, "大家好")
    expect(bubbles(page, "#customer")).to_have_text(["大家好"])
    expect(page.locator("#customer .chat-head")).to_contain_text("客户群 3 人")
    assert BEIBEI in wanzi.world.groups["wrGROUP"].members


def test_a_new_customer_can_be_added_and_writes(page: Page, wanzi: Wanzi) -> None:
    page.get_by_role("button", name="加一位客户").click()
    page.get_by_label("昵称").fill("小满")
    page.get_by_label("昵称").press("Enter")
    expect(page.locator("#customer .person[aria-pressed=true] .name")).to_have_text("小满")
    customer_writes(page, "在吗")
    expect(bubbles(page, "#customer")).to_have_text(["在吗"])


def test_stand_ins_for_pictures_and_places_are_sent_and_a_message_is_taken_back(page: Page, wanzi: Wanzi) -> None:
    for label in ("图片", "语音", "位置", "链接"):
        page.get_by_role("button", name=label, exact=True).click()
    expect(page.locator("#customer .card")).to_have_count(4)
    customer_writes(page, "说错了")
    page.locator("#customer .msg").last.hover()
    page.locator("#customer").get_by_role("button", name="撤回").last.click()
    expect(bubbles(page, "#customer").last).to_have_text("这条消息已撤回")


def test_a_servicer_takes_from_the_pool_replies_and_ends(page: Page, wanzi: Wanzi) -> None:
    for customer in (AMEI, BEIBEI):
        wanzi.hear("转人工", customer=customer)
        wanzi.call("kf/service_state/trans", open_kfid=KF, external_userid=customer, service_state=2)
    expect(page.locator("#to-kf .count")).to_have_text("2")
    box = page.get_by_label("以客服身份回复")
    expect(box).not_to_be_editable()
    page.get_by_role("button", name="接待", exact=True).click()
    box.fill("我是小满，来帮你看看")
    box.press("Enter")
    expect(bubbles(page, "#customer").last).to_have_text("我是小满，来帮你看看")
    expect(page.locator("#customer .chat-head .state")).to_have_text("人工 林小满")
    page.get_by_role("button", name="转给…").click()
    page.get_by_role("button", name="转给 周宁").click()
    expect(page.locator("#staff .chat-head .state:visible")).to_have_text("人工 周宁")
    page.get_by_role("button", name="换成周宁").click()
    page.get_by_role("button", name="结束会话").click()
    expect(page.locator("#customer .chat-head .state")).to_have_text("已结束")


def test_a_servicer_pauses_and_accepts_again(page: Page, wanzi: Wanzi) -> None:
    switch = page.get_by_role("switch", name="芙屿客服")
    switch.press("Enter")
    expect(switch).to_have_text("已暂停")
    expect(switch).to_be_focused()
    assert wanzi.world.kf_accounts[KF].servicers["lin"] == 1


def test_a_mass_message_is_shown_exactly_and_goes_out_only_when_confirmed(page: Page, wanzi: Wanzi) -> None:
    text = "午安。\n换季补水：<b>少洗</b>、早涂"
    wanzi.call("externalcontact/add_msg_template", chat_type="group", sender="lin", chat_id_list=["wrGROUP"],
               text={"content": text})  # fmt: skip
    page.get_by_role("tab", name="群发助手").click()
    expect(page.locator(".letter p")).to_have_text(text)
    expect(page.locator(".task")).to_contain_text("发给 1 个群：芙屿福利群")
    assert not wanzi.world.groups["wrGROUP"].messages
    page.get_by_role("button", name="发送到 1 个群").click()
    expect(page.locator(".task .state")).to_have_text("已发送")
    page.locator("#customer .chat", has_text="芙屿福利群").click()
    expect(bubbles(page, "#customer")).to_have_text([text])


def test_staff_write_to_the_app_and_see_its_answer(page: Page, wanzi: Wanzi) -> None:
    page.get_by_role("tab", name="应用").click()
    box = page.get_by_label("和应用的聊天：写")
    box.fill("状态")
    box.press("Enter")
    expect(bubbles(page, "#staff")).to_have_text(["状态"])
    wanzi.call("message/send", touser="lin", agentid=1000002, msgtype="text", text={"content": "今天接待 12 位"})
    expect(bubbles(page, "#staff")).to_have_text(["状态", "今天接待 12 位"])


def test_staff_ask_the_ai_bot_in_an_internal_group(page: Page, wanzi: Wanzi) -> None:
    page.get_by_role("tab", name="内部群").click()
    box = page.get_by_label("内部群：写")
    box.fill("今天几点发")
    box.press("Enter")
    expect(bubbles(page, "#staff")).to_have_text(["今天几点发"])
    page.locator("#staff .chat", has_text="播报").click()
    expect(box).to_be_hidden()


def test_a_customer_deletes_a_friend_and_leaves_a_group(page: Page, wanzi: Wanzi) -> None:
    for chat, action in (("芙屿福利群", "退群"), ("林小满", "删除好友")):
        page.locator("#customer .chat", has_text=chat).click()
        page.get_by_role("button", name=action).click()
        expect(page.locator("#customer .chat", has_text=chat)).to_have_count(0)
    assert AMEI not in wanzi.world.groups["wrGROUP"].members


def test_why_shows_what_wanzi_knows_of_an_answer(page: Page, wanzi: Wanzi) -> None:
    told = {"kind": "answer", "source": {"type": "entry", "id": "kb-7", "title": "敏感肌与面膜", "version": 3},
            "tokens": ["敏感肌", "面膜"],
            "tags": [{"tag": "敏感肌", "dimension": "肤质", "span": [0, 3], "rule": "肤质.1"}],
            "candidates": [{"id": "kb-7", "title": "敏感肌与面膜", "score": 12.3}], "persona": "小完子"}  # fmt: skip

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *args: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    wanzi.world.wanzi_url = f"http://127.0.0.1:{server.server_port}"
    wanzi.hear("敏感肌能用面膜吗")
    wanzi.say("可以的")
    page.locator("#customer").get_by_role("button", name="为什么").click()
    for words in ("知识库里的答案", "敏感肌与面膜", "版本 3", "肤质.1", "第 1–3 字", "12.30", "小完子"):
        expect(page.locator("#why")).to_contain_text(words)
    server.shutdown()
    server.server_close()


def test_why_says_plainly_when_nobody_can_be_asked(page: Page, wanzi: Wanzi) -> None:
    wanzi.hear("在吗")
    wanzi.say("在的")
    page.locator("#customer").get_by_role("button", name="为什么").click()
    expect(page.locator("#why")).to_contain_text("问不到丸子")
    page.keyboard.press("Escape")
    expect(page.locator("#customer").get_by_role("button", name="为什么")).to_be_focused()


def test_a_message_that_failed_differs_in_shape_and_says_so(page: Page, wanzi: Wanzi) -> None:
    wanzi.hear("在吗")
    wanzi.control("faults", api="kf/send_msg", kind="msg_send_fail", times=1)
    wanzi.say("送不到的")
    expect(page.locator("#customer .failed .note")).to_have_text("没送到")
    style = page.locator("#customer .failed .bubble").evaluate("el => getComputedStyle(el).borderStyle")
    assert style == "dashed"


@pytest.mark.parametrize("text", ["<img src=x onerror=window.hit=1>", "<script>window.hit=1</script>", "&lt;b&gt;"])
def test_markup_in_a_customers_words_stays_words(page: Page, wanzi: Wanzi, text: str) -> None:
    wanzi.hear(text)
    expect(bubbles(page, "#customer")).to_have_text([text])
    expect(page.locator("#customer .chat .last")).to_have_text([text, "员工好友", "客户群 2 人"])
    assert page.evaluate("window.hit") is None


def test_the_page_may_run_only_its_own_files(page: Page, sandbox: Running) -> None:
    policy = requests.get(sandbox.url, timeout=5).headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.locator("script:not([src]), style, [onclick]").count() == 0


@NARROW
def test_a_phones_width_never_scrolls_sideways(page: Page, wanzi: Wanzi) -> None:
    wanzi.hear(LONG)
    wanzi.say(LONG[:600])
    page.locator("#customer .chat").first.click()
    for name in ("客户", "员工", "日志"):
        page.get_by_label("主要部分").get_by_role("button", name=name, exact=True).click()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        wide = "els => els.filter(el => el.scrollWidth > el.clientWidth + 1).map(el => el.textContent.slice(0, 20))"
        assert page.locator(".bubble:visible, .scroller:visible").evaluate_all(wide) == []
    page.get_by_role("button", name="时间与故障").click()
    expect(page.locator("#sheet").get_by_role("button", name="+1 天")).to_be_visible()


def test_what_is_being_typed_outlives_updates_a_reload_and_a_refusal(page: Page, wanzi: Wanzi) -> None:
    box = page.get_by_label("以客户身份写")
    box.fill("写到一半")
    wanzi.hear("来了一条", "又来一条")
    expect(bubbles(page, "#customer")).to_have_count(2)
    expect(box).to_be_focused()
    page.reload()
    expect(box).to_have_value("写到一半")
    page.route("**/control/customer/write", lambda route: route.fulfill(status=400, body='{"error": "text: too long"}'))
    box.press("Enter")
    expect(page.locator("#customer .error")).to_have_text("没发出去：text: too long。文字已留在输入框。")
    expect(box).to_have_value("写到一半")


def test_enter_that_only_ends_a_chinese_input_does_not_send(page: Page, wanzi: Wanzi) -> None:
    box = page.get_by_label("以客户身份写")
    box.fill("ni")
    box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    box.press("Shift+Enter")
    expect(box).to_have_value("ni\n")
    assert (KF, AMEI) not in wanzi.world.kf_sessions


def test_a_reader_who_scrolled_up_is_not_moved(page: Page, wanzi: Wanzi) -> None:
    wanzi.hear(*(f"第 {n} 条" for n in range(450)))
    expect(bubbles(page, "#customer").last).to_have_text("第 449 条")
    assert page.locator("#customer .msg").count() == 200
    scroller = page.locator("#customer .scroller")
    scroller.evaluate("el => el.scrollTop = 300")
    wanzi.hear("新来的")
    expect(page.locator("#customer .fresh")).to_have_text("1 条新消息")
    assert scroller.evaluate("el => el.scrollTop") == 300
    page.locator("#customer .earlier").click()
    assert page.locator("#customer .msg").count() == 401
    page.locator("#customer .fresh").click()
    expect(bubbles(page, "#customer").last).to_be_in_viewport()


def test_a_lost_line_is_said_and_what_came_meanwhile_is_caught_up(page: Page, wanzi: Wanzi) -> None:
    page.context.set_offline(True)
    expect(page.locator("#lost")).to_contain_text("断开", timeout=5000)
    wanzi.hear("断线时来的")
    page.context.set_offline(False)
    expect(bubbles(page, "#customer")).to_have_text(["断线时来的"])
    expect(page.locator("#lost")).to_be_hidden()


def test_time_moves_to_the_next_slot(page: Page, wanzi: Wanzi) -> None:
    button = page.locator("#moves [data-do=next-slot]")
    slot = button.inner_text().removeprefix("下一时段 ")
    button.click()
    expect(page.locator("#now")).to_contain_text(f"{slot}:")
    expect(button).not_to_have_text(f"下一时段 {slot}")
    assert wanzi.world.clock.offset_s > 0


def test_a_fault_is_arranged_strikes_and_shows_in_the_log(page: Page, wanzi: Wanzi) -> None:
    wanzi.hear("在吗")
    page.locator("#open-log").click()
    page.locator("#open-faults").click()
    page.get_by_label("什么故障").select_option("throttle")
    page.get_by_label("哪个接口").select_option("kf/send_msg")
    page.get_by_role("button", name="安排这个故障").click()
    expect(page.locator("#sheet .active")).to_contain_text("限流 45009")
    page.keyboard.press("Escape")
    expect(page.locator("#open-faults")).to_be_focused()
    with pytest.raises(AssertionError, match="45009"):
        wanzi.say("没发成")
    page.get_by_label("筛选日志").fill("45009")
    expect(page.locator("#log tbody tr")).to_have_count(1)
    expect(page.locator("#log tbody tr")).to_contain_text("kf/send_msg")
    expect(page.locator("#open-faults")).to_have_text("故障")


def test_the_guide_of_the_first_visit_stays_away_once_sent_away(page: Page) -> None:
    expect(page.locator("#guide")).to_contain_text("先扫一个码")
    page.get_by_role("button", name="知道了，不再显示").click()
    page.reload()
    expect(page.locator("#line")).to_have_text("连着")
    expect(page.locator("#guide")).to_be_hidden()


def test_what_is_looked_at_lives_in_the_address(page: Page) -> None:
    page.get_by_role("button", name="贝贝").click()
    page.get_by_role("tab", name="群发助手").click()
    page.go_back()
    expect(page.get_by_role("tab", name="微信客服")).to_have_attribute("aria-selected", "true")
    page.reload()
    expect(page.locator("#customer .person[aria-pressed=true] .name")).to_have_text("贝贝")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_words_are_legible(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    pairs = [("text", "ground"), ("dim", "ground"), ("dim", "sunk"), ("on-accent", "accent"), ("accent", "accent-soft"),
             ("human", "human-soft"), ("waiting", "waiting-soft"), ("problem", "problem-soft")]  # fmt: skip
    for ink, paper in pairs:
        assert contrast(colour(page, ink), colour(page, paper)) >= 4.5, (ink, paper)  # WCAG AA


def colour(page: Page, name: str) -> list[float]:
    script = "name => { const el = document.body.appendChild(document.createElement('i')); el.style.color = `var(--${name})`; return getComputedStyle(el).color }"  # noqa: E501
    return [int(part) / 255 for part in re.findall(r"\d+", page.evaluate(script, name))]


def contrast(one: list[float], other: list[float]) -> float:
    def luminance(rgb: list[float]) -> float:
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
