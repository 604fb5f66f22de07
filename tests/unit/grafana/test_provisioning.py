from __future__ import annotations

import re
from pathlib import Path

import yaml

from pipeline.settings import Settings

FILE = Path(__file__).resolve().parents[3] / "grafana" / "provisioning" / "datasources" / "insa-iiot.yaml"
GRAFANAS_OWN = {"GRAFANA_DB_USER", "GRAFANA_DB_PASSWORD"}


def test_the_datasource_takes_its_address_from_variables_of_the_settings() -> None:
    text = FILE.read_text(encoding="utf-8")
    variables = set(re.findall(r"\$\{(\w+)\}", text)) - GRAFANAS_OWN
    assert variables <= {name.upper() for name in Settings.model_fields}
    source = yaml.safe_load(text)["datasources"][0]
    assert (source["type"], source["url"]) == ("postgres", "${DB_HOST}:${DB_PORT}")


def test_no_password_stands_in_it() -> None:
    assert yaml.safe_load(FILE.read_text(encoding="utf-8"))["datasources"][0]["secureJsonData"] == {
        "password": "${GRAFANA_DB_PASSWORD}"
    }
