"""The judge on given facts, three lines a test: `dockgrader_judge` is a fixture of dockgrader's pytest plugin."""

from dockgrader_hostname.fact import Hostname
from dockgrader_hostname.kind import HostnameCheck

from dockgrader.errors import Unobserved

CHECK = HostnameCheck(id="name", kind="hostname", container="web", hostname="web-1")


def test_the_name_is_as_expected(dockgrader_judge):
    result = dockgrader_judge(CHECK, {Hostname("web"): {"hostname": "web-1\n"}})
    assert (result.status, result.code, result.score) == ("passed", "ok", 1)


def test_another_name_is_told(dockgrader_judge):
    result = dockgrader_judge(CHECK, {Hostname("web"): {"hostname": "0c0ffee\n"}})
    assert result.code == "hostname.other"
    assert result.message == "Inside, web is called 0c0ffee, not web-1"


def test_no_container_is_the_students_mistake(dockgrader_judge):
    assert dockgrader_judge(CHECK, {Hostname("web"): None}).code == "hostname.none"


def test_what_the_host_hides_is_an_error(dockgrader_judge):
    result = dockgrader_judge(
        CHECK, {Hostname("web"): Unobserved("engine.timeout", "The engine does not answer")}
    )
    assert (result.status, result.score) == ("error", None)
