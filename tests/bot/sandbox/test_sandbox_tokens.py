"""access_token, the common shape of answers, and paths that do not exist."""

from collections.abc import Callable

from sandbox_play import Play


def test_gettoken_answers_the_same_token_until_it_expires(play: Play) -> None:
    first = play.gettoken()
    assert (first["errcode"], first["expires_in"]) == (0, 7200)
    play.pass_time(3600)
    again = play.gettoken()
    assert again["access_token"] == first["access_token"]
    assert 3590 <= again["expires_in"] <= 3600
    play.pass_time(3601)
    assert play.gettoken()["access_token"] != first["access_token"]


def test_an_expired_token_is_42001_an_unknown_one_40014_none_41001(play: Play) -> None:
    url = f"{play.url}/cgi-bin/user/get"
    token = play.token()
    play.ctl("tokens/expire")
    assert play.session.get(url, params={"access_token": token, "userid": "lin"}).json()["errcode"] == 42001
    assert play.session.get(url, params={"access_token": "made-up", "userid": "lin"}).json()["errcode"] == 40014
    assert play.session.get(url, params={"userid": "lin"}).json()["errcode"] == 41001


def test_a_forgotten_token_is_40014(play: Play) -> None:
    play.token()
    play.ctl("tokens/expire", forget=True)
    assert play.get("user/get", userid="lin")["errcode"] == 40014


def test_wrong_credentials_have_their_own_errcodes(play: Play) -> None:
    assert play.gettoken(secret="wrong")["errcode"] == 40001
    assert play.gettoken(corpid="wrong")["errcode"] == 40013
    assert play.gettoken(secret="")["errcode"] == 41004
    assert play.gettoken(corpid="")["errcode"] == 41002


def test_wrong_secrets_again_and_again_ban_the_address_for_an_hour(start: Callable[..., Play]) -> None:
    play = start(rules={"wrong_secret_limit": 3})
    assert [play.gettoken(secret="wrong")["errcode"] for _ in range(4)] == [40001, 40001, 40001, 45009]
    assert play.gettoken()["errcode"] == 45009
    play.pass_time(3600)
    assert play.gettoken()["errcode"] == 0


def test_refusals_come_with_http_200_and_an_errmsg_that_differs_every_time(play: Play) -> None:
    answers = [play.session.get(f"{play.url}/cgi-bin/user/get") for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    words = [a.json()["errmsg"] for a in answers]
    assert words[0] != words[1]
    assert "hint: [" in words[0]
    assert words[0].endswith("query?e=41001")


def test_an_unknown_path_is_an_errcode_not_a_404(play: Play) -> None:
    answer = play.session.post(f"{play.url}/cgi-bin/no/such/api", json={})
    assert answer.status_code == 200
    assert answer.json()["errcode"] == 40066


def test_a_post_api_refuses_get(play: Play) -> None:
    assert play.get("kf/send_msg")["errcode"] == 40063
    assert play.api("user/get")["errcode"] == 40035


def test_malformed_json_still_runs_and_is_warned_of(play: Play) -> None:
    url = f"{play.url}/cgi-bin/externalcontact/get_corp_tag_list"
    answer = play.session.post(url, params={"access_token": play.token()}, data=b'{"tag_id": [').json()
    assert answer["errcode"] == 0
    assert answer["errmsg"].startswith("Warning: wrong json format.")


def test_an_app_without_the_grant_may_not_call_the_family(start: Callable[..., Play]) -> None:
    app = {
        "agentid": 7, "name": "plain", "secret": "s7", "token": "t", "grants": [],
        "encoding_aes_key": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    }  # fmt: skip
    play = start(apps=[app])
    assert play.api("kf/account/list", secret="s7")["errcode"] == 48007
    assert play.api("externalcontact/get_corp_tag_list", secret="s7")["errcode"] == 48002


def test_an_api_called_too_often_in_a_minute_is_throttled_until_the_window_closes(start: Callable[..., Play]) -> None:
    play = start(rules={"api_per_min": 2})
    codes = [play.get("user/get", userid="lin")["errcode"] for _ in range(3)]
    assert codes == [0, 0, 45009]
    play.pass_time(60)
    assert play.get("user/get", userid="lin")["errcode"] == 0


def test_a_login_code_works_once_and_for_five_minutes(play: Play) -> None:
    code = play.ctl("oauth_code", userid="lin")["code"]
    assert play.get("auth/getuserinfo", code=code)["userid"] == "lin"
    assert play.get("auth/getuserinfo", code=code)["errcode"] == 42022
    late = play.ctl("oauth_code", userid="lin")["code"]
    play.pass_time(300)
    assert play.get("auth/getuserinfo", code=late)["errcode"] == 42003
    assert play.get("auth/getuserinfo", code="made-up")["errcode"] == 40029


def test_the_app_ticket_and_the_corp_ticket_are_two(play: Play) -> None:
    assert play.get("ticket/get", type="agent_config")["ticket"] != play.get("get_jsapi_ticket")["ticket"]
    assert play.get("ticket/get", type="other")["errcode"] == 91040
