from __future__ import annotations

import json
import re

from store.envelope import RUN_JOB, template


def test_the_template_has_room_for_three_ids_and_nothing_else() -> None:
    assert set(re.findall(r"@\w+@", template())) == {"@TASK@", "@ID@", "@TAG@", "@QUEUE@"}


def test_the_template_filled_in_is_json_with_the_job_id_as_only_argument() -> None:
    filled = template()
    for place, word in {"@TASK@": "jobs.run", "@ID@": "job_x_1", "@TAG@": "job_x_1.5", "@QUEUE@": "voice"}.items():
        filled = filled.replace(place, word)
    message = json.loads(filled)
    arguments, keywords, _ = json.loads(message["body"])
    assert (arguments, keywords) == (["job_x_1"], {})
    assert message["headers"]["task"] == RUN_JOB
    assert message["headers"]["id"] == message["properties"]["delivery_tag"] == "job_x_1.5"
    assert message["properties"]["delivery_info"]["routing_key"] == "voice"
