"""Settings: exactly the documented ones, each wrong value refused with one sentence, secrets never shown."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path

import pytest

from tieline.core.errors import Misconfigured
from tieline.security.vault import Vault
from tieline.server.settings import MASK, Settings, misspelt, variable

SHARED_DATABASE = "postgresql://app:hunter2-secret@db.example:5432/tieline"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("TIELINE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def complaint(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as caught:
        Settings()
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_the_settings_are_exactly_the_documented_ones() -> None:
    assert [variable(name) for name in Settings.model_fields] == [
        "TIELINE_DATABASE_URL",
        "TIELINE_DATA_DIR",
        "TIELINE_BASE_URL",
        "TIELINE_SECRET_KEYS",
        "TIELINE_EGRESS_ALLOW",
        "TIELINE_RUN_RETENTION_DAYS",
        "TIELINE_TIER1_PER_MINUTE",
        "TIELINE_TIER2_PER_MINUTE",
        "TIELINE_OEM_PER_MINUTE",
        "TIELINE_EMBED_SESSION_MINUTES",
        "TIELINE_MAIL_URL",
        "TIELINE_OIDC_ISSUER",
        "TIELINE_OIDC_CLIENT_ID",
        "TIELINE_OIDC_CLIENT_SECRET",
        "TIELINE_OIDC_NAME",
        "TIELINE_LOG_LEVEL",
    ]


def test_with_nothing_set_everything_is_embedded_and_closed(tmp_path: Path) -> None:
    settings = Settings()
    assert settings.embedded
    assert settings.database_url is None
    assert settings.data_dir == tmp_path / ".tieline"
    assert settings.base_url == "http://127.0.0.1:8400"
    assert settings.egress_allow == ()
    assert settings.log_level == "info"
    assert not settings.data_dir.exists()


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(variable(name), "")
    assert Settings().embedded


@pytest.mark.parametrize(
    "value",
    [
        "mysql://u:p@h/db",
        "postgresql://",
        "postgresql://host",
        "postgresql:///name",
        "host:5432/db",
        "postgresql://h:99999/db",
    ],
)
def test_a_wrong_database_url_names_variable_rule_and_fix(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    text = complaint(monkeypatch, TIELINE_DATABASE_URL=value)
    assert text.startswith("TIELINE_DATABASE_URL must ")
    assert "postgresql://user:password@host:5432/name" in text


@pytest.mark.parametrize("value", ["host=db", "dbname=x user=y", "a=b"])
def test_a_half_address_of_the_other_form_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert "TIELINE_DATABASE_URL must hold host= and dbname=" in complaint(monkeypatch, TIELINE_DATABASE_URL=value)


@pytest.mark.parametrize(
    "value",
    [
        "host='/tmp/a b' dbname=tieline password=hunter2-secret",
        "postgresql:///tieline?host=/tmp/a&password=hunter2-secret",
        "postgres://u:hunter2-secret@[::1]:5433/tieline?sslmode=require",
    ],
    ids=["words", "socket", "ipv6"],
)
def test_every_form_of_address_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TIELINE_DATABASE_URL", value)
    monkeypatch.setenv("TIELINE_SECRET_KEYS", Vault.generate_key())
    assert Settings().database_url == value
    assert "hunter2" not in str(Settings().show())


def test_a_wrong_database_url_does_not_leak_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    text = complaint(monkeypatch, TIELINE_DATABASE_URL="mysql://u:hunter2-secret@h/db")
    assert "hunter2" not in text


@pytest.mark.parametrize("keys", ["", " ", ",", " , "])
def test_a_shared_database_without_keys_is_refused(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    text = complaint(monkeypatch, TIELINE_DATABASE_URL=SHARED_DATABASE, TIELINE_SECRET_KEYS=keys)
    assert text.startswith("TIELINE_SECRET_KEYS is empty")
    assert "hunter2" not in text


def test_a_shared_database_with_a_key_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_DATABASE_URL", SHARED_DATABASE)
    monkeypatch.setenv("TIELINE_SECRET_KEYS", f"{Vault.generate_key()},{Vault.generate_key()}")
    settings = Settings()
    assert settings.database_url == SHARED_DATABASE
    assert len(settings.load_secret_keys()) == 2
    assert not settings.data_dir.exists()


def test_a_wrong_key_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = complaint(monkeypatch, TIELINE_SECRET_KEYS="not-a-key-but-secret")
    assert text.startswith("TIELINE_SECRET_KEYS ")
    assert "not-a-key-but-secret" not in text


@pytest.mark.parametrize(
    "value", ["ftp://h", "example.com", "http://", "https://h/?a=b", "https://u:p@h", "http://h h", "http://h:99999"]
)
def test_a_wrong_base_url_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert complaint(monkeypatch, TIELINE_BASE_URL=value).startswith(
        "TIELINE_BASE_URL must be an http or https address"
    )


def test_a_base_url_loses_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_BASE_URL", "https://tie.example/path/")
    assert Settings().base_url == "https://tie.example/path"


@pytest.mark.parametrize(
    "host, port, expected",
    [
        ("127.0.0.1", 9001, "http://127.0.0.1:9001"),
        ("0.0.0.0", 80, "http://127.0.0.1:80"),
        ("::1", 8400, "http://[::1]:8400"),
    ],
)
def test_links_follow_the_listening_address_unless_the_operator_says_another(
    monkeypatch: pytest.MonkeyPatch, host: str, port: int, expected: str
) -> None:
    assert Settings().listening_on(host, port).base_url == expected
    monkeypatch.setenv("TIELINE_BASE_URL", "https://tie.example")
    assert Settings().listening_on(host, port).base_url == "https://tie.example"


def test_egress_allow_takes_networks_of_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_EGRESS_ALLOW", "10.0.0.0/8, fd00::/8")
    assert Settings().egress_allow == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize("value", ["10.0.0.0/99", "everything", "10.0.0.0/8;11.0.0.0/8"])
def test_a_wrong_network_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert complaint(monkeypatch, TIELINE_EGRESS_ALLOW=value).startswith("TIELINE_EGRESS_ALLOW holds ")


def test_log_level_takes_any_case_and_names_the_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_LOG_LEVEL", "WARNING")
    assert Settings().log_level == "warning"
    text = complaint(monkeypatch, TIELINE_LOG_LEVEL="loud")
    assert text == "TIELINE_LOG_LEVEL must be one of 'debug', 'info', 'warning', 'error' or 'critical'."


def test_a_data_dir_that_is_a_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    assert "TIELINE_DATA_DIR must be a folder" in complaint(monkeypatch, TIELINE_DATA_DIR=str(tmp_path / "taken"))


def test_a_data_dir_below_a_file_is_refused_when_it_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("TIELINE_DATA_DIR", str(tmp_path / "taken" / "data"))
    with pytest.raises(Misconfigured, match=r"^TIELINE_DATA_DIR: the folder .* cannot be made"):
        Settings().load_secret_keys()


def test_a_data_dir_may_hold_spaces_and_any_letters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TIELINE_DATA_DIR", str(tmp_path / "Ærø søndag" / "data"))
    assert Settings().load_secret_keys() == Settings().load_secret_keys()


def test_the_first_use_makes_a_key_that_only_its_owner_reads() -> None:
    settings = Settings()
    keys = settings.load_secret_keys()
    assert len(keys) == 1
    assert stat.S_IMODE(settings.secret_key_file.stat().st_mode) == 0o600
    assert [path.name for path in settings.data_dir.iterdir()] == ["secret.key"]
    assert Settings().load_secret_keys() == keys


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    program = "from tieline.server.settings import Settings; print(Settings().load_secret_keys()[0].hex())"

    def start(_: int) -> str:
        done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(start, range(4)))) == 1
    assert [path.name for path in (tmp_path / ".tieline").iterdir()] == ["secret.key"]


def test_threads_that_start_together_agree_on_one_key() -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = pool.map(lambda _: Settings().load_secret_keys()[0], range(32))
    assert len(set(keys)) == 1


def test_a_key_that_others_can_read_is_refused_with_the_command_that_mends_it() -> None:
    settings = Settings()
    settings.load_secret_keys()
    settings.secret_key_file.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        settings.load_secret_keys()


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"short\n"], ids=["empty", "blank", "no-text", "no-key"])
def test_a_damaged_key_file_is_refused_and_never_replaced(content: bytes) -> None:
    settings = Settings()
    settings.load_secret_keys()
    settings.secret_key_file.write_bytes(content)
    with pytest.raises(Misconfigured, match="original file back"):
        settings.load_secret_keys()
    assert settings.secret_key_file.read_bytes() == content


def test_secrets_are_in_no_repr_and_in_no_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Vault.generate_key()
    monkeypatch.setenv("TIELINE_DATABASE_URL", SHARED_DATABASE + "?password=hunter3-secret")
    monkeypatch.setenv("TIELINE_SECRET_KEYS", key)
    settings = Settings()
    for text in (repr(settings), str(settings), str(settings.show())):
        assert "hunter2" not in text
        assert "hunter3" not in text
        assert key not in text


def test_the_listing_says_value_and_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_DATABASE_URL", SHARED_DATABASE)
    monkeypatch.setenv("TIELINE_SECRET_KEYS", Vault.generate_key())
    shown = {row.variable: row for row in Settings().show()}
    assert shown["TIELINE_DATABASE_URL"].value == f"postgresql://app:{MASK}@db.example:5432/tieline"
    assert shown["TIELINE_DATABASE_URL"].source == "environment"
    assert shown["TIELINE_SECRET_KEYS"].value == f"{MASK} (1 key)"
    assert shown["TIELINE_LOG_LEVEL"].source == "default"
    assert all(row.meaning.endswith(".") for row in shown.values())


def test_a_misspelt_variable_is_pointed_out() -> None:
    sentences = misspelt(
        {"TIELINE_DATABSE_URL": "x", "TIELINE_LOG_LEVEL": "info", "TIELINE_SHARED": "/", "PATH": "/bin"}
    )
    assert sentences == [
        "TIELINE_DATABSE_URL is not a setting of Tieline and has no effect; did you mean TIELINE_DATABASE_URL?"
    ]


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().log_level = "debug"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("smtp://ada:s3cret@mail.example:2525?from=t@example.com", "smtp://ada:********@", id="starttls"),
        pytest.param("smtps://mail.example?from=t@example.com", "smtps://mail.example", id="tls"),
        pytest.param("smtp+plain://127.0.0.1:25?from=t@example.com", "smtp+plain://127.0.0.1:25", id="plain"),
    ],
)
def test_a_mail_server_is_shown_without_its_password(value: str, shown: str) -> None:
    settings = Settings(mail_url=value)
    (line,) = [one.value for one in settings.show() if one.variable == "TIELINE_MAIL_URL"]
    assert line.startswith(shown)
    assert "s3cret" not in line + repr(settings)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("mail.example", id="no-scheme"),
        pytest.param("http://mail.example?from=t@example.com", id="other-scheme"),
        pytest.param("smtp://mail.example", id="nobody-sends"),
        pytest.param("smtp://:99999?from=t@example.com", id="no-host"),
        pytest.param("smtp+plain://ada:s3cret@mail.example?from=t@example.com", id="password-in-the-open"),
    ],
)
def test_a_mail_server_that_cannot_be_is_refused(value: str) -> None:
    with pytest.raises(Misconfigured, match=r"^TIELINE_MAIL_URL ") as refused:
        Settings(mail_url=value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [
        "login.example.com",
        "http://login.example.com",
        "http://10.0.0.1/",
        "https://a@b.example",
        "https://a.example?x=1",
    ],
)
def test_an_identity_provider_that_others_could_play_is_refused(value: str) -> None:
    with pytest.raises(Misconfigured, match=r"^TIELINE_OIDC_ISSUER "):
        Settings(oidc_issuer=value, oidc_client_id="tieline")
    for good in ("https://login.example.com/realms/a", "http://127.0.0.1:8080", "http://localhost:8080"):
        assert Settings(oidc_issuer=good, oidc_client_id="tieline").oidc_issuer == good


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "99999"])
def test_retention_is_whole_days(value: str) -> None:
    with pytest.raises(Misconfigured, match=r"^TIELINE_RUN_RETENTION_DAYS "):
        Settings(run_retention_days=value)


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = Vault.generate_key()
    for name, value in {
        "DATABASE_URL": SHARED_DATABASE,
        "SECRET_KEYS": key,
        "OIDC_CLIENT_SECRET": "öffne dich",
    }.items():
        mounted = tmp_path / name
        mounted.write_text(f"{value}\n", encoding="utf-8")
        mounted.chmod(0o444)
        monkeypatch.setenv(f"TIELINE_{name}_FILE", str(mounted))
    settings = Settings()
    assert settings.database_url == SHARED_DATABASE
    assert settings.load_secret_keys() == Settings(secret_keys=key).load_secret_keys()
    assert settings.oidc_client_secret == "öffne dich"
    assert misspelt(os.environ) == []
    assert "hunter2" not in repr(settings) + str(settings.show())


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe\x00", "folder"], ids=repr)
def test_a_secret_file_that_holds_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | str | None
) -> None:
    mounted = tmp_path / "url"
    if isinstance(content, bytes):
        mounted.write_bytes(content)
    elif content == "folder":
        mounted.mkdir()
    said = complaint(monkeypatch, TIELINE_DATABASE_URL_FILE=str(mounted))
    assert said.startswith("TIELINE_DATABASE_URL_FILE names ")


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(SHARED_DATABASE)
    said = complaint(monkeypatch, TIELINE_DATABASE_URL=SHARED_DATABASE, TIELINE_DATABASE_URL_FILE=str(tmp_path / "url"))
    assert "both set" in said
    assert "hunter2" not in said


def test_what_is_no_secret_comes_from_no_file() -> None:
    [sentence] = misspelt({"TIELINE_BASE_URL_FILE": "x"})
    assert sentence.startswith("TIELINE_BASE_URL_FILE is not a setting")
