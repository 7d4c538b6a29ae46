"""The knowledge pages: who may see and change what, and that a mistake loses nothing."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.knowledge.models import Brand, Page, Source
from apps.knowledge.services import sources
from apps.workspaces.tenancy import workspace_context
from apps.workspaces.types import Actor

pytestmark = pytest.mark.django_db

BASE = "/w/acme/knowledge"


@pytest.fixture
def source(workspace):
    with workspace_context(workspace):
        return sources.add_document(
            actor=Actor.system(workspace), name="voice.md", data=b"# Voice\n\nWe say little."
        )


def count(workspace, model=Source):
    with workspace_context(workspace):
        return model.objects.count()


def test_the_empty_page_says_what_it_is_for(client_for, owner):
    page = client_for(owner).get(BASE)
    assert page.status_code == 200
    assert "Nothing is read yet" in page.content.decode()


def test_the_list_shows_sources_with_their_words(client_for, viewer, source):
    body = client_for(viewer).get(BASE).content.decode()
    assert "voice.md" in body
    assert "Add source" not in body


def test_the_list_costs_the_same_for_many_sources(
    client_for, owner, workspace, source, django_assert_max_num_queries
):
    client = client_for(owner)
    client.get(BASE)
    with workspace_context(workspace):
        for number in range(20):
            sources.add_document(
                actor=Actor.system(workspace), name=f"{number}.txt", data=b"Some words here."
            )
    with django_assert_max_num_queries(14):
        client.get(BASE)


def test_a_long_list_goes_on_on_the_next_page(client_for, owner, workspace):
    with workspace_context(workspace):
        actor = Actor.system(workspace)
        for number in range(51):
            sources.add_document(actor=actor, name=f"{number:02}.txt", data=b"Some words here.")
    client = client_for(owner)
    first, second = (client.get(BASE, {"page": n}).content.decode() for n in (1, 2))
    assert "1–50 of 51" in first
    assert "00.txt" not in first
    assert "00.txt" in second


def test_an_address_becomes_a_source_with_a_job(client_for, owner, workspace):
    answer = client_for(owner).post(f"{BASE}/add", {"address": "kettle.example", "kind": "website"})
    assert answer.status_code == 302
    with workspace_context(workspace):
        source = Source.objects.get()
    assert source.address == "https://kettle.example/"
    assert source.job_id is not None
    assert client_for(owner).get(answer["Location"]).status_code == 200


@pytest.mark.parametrize("typed", ["", "no address at all", "ftp://kettle.example"])
def test_a_wrong_address_keeps_what_was_typed(client_for, owner, workspace, typed):
    answer = client_for(owner).post(f"{BASE}/add", {"address": typed, "kind": "sitemap"})
    body = answer.content.decode()
    assert answer.status_code == 422
    assert f'value="{typed}"' in body or not typed
    assert 'aria-invalid="true"' in body
    assert count(workspace) == 0


def test_good_files_are_kept_and_bad_ones_are_named(client_for, owner, workspace):
    files = [
        SimpleUploadedFile("good.md", b"# Good\n\nWe mean it."),
        SimpleUploadedFile("bad.pdf", b"not a pdf"),
        SimpleUploadedFile("photo.exe", b"MZ\x00\x00"),
    ]
    answer = client_for(owner).post(f"{BASE}/upload", {"documents": files})
    body = answer.content.decode()
    assert answer.status_code == 422
    assert "named like a PDF but is not one" in body
    assert "a program, not text" in body
    assert count(workspace) == 1


def test_uploading_nothing_says_so(client_for, owner, workspace):
    answer = client_for(owner).post(f"{BASE}/upload", {})
    assert answer.status_code == 422
    assert "Choose at least one document" in answer.content.decode()


def test_a_page_shows_what_was_read_of_it_as_text(client_for, owner, workspace):
    with workspace_context(workspace):
        text = b"Hello <script>alert(1)</script> there, this is text."
        added = sources.add_document(actor=Actor.system(workspace), name="x.txt", data=text)
        page = added.pages.get()
    body = client_for(owner).get(f"{BASE}/pages/{page.pk}").content.decode()
    assert "<script>alert(1)" not in body
    assert "&lt;script&gt;alert(1)" in body


@pytest.mark.parametrize("verb", ["read", "stop", "remove"])
def test_a_viewer_changes_nothing(client_for, viewer, workspace, source, verb):
    answer = client_for(viewer).post(f"{BASE}/sources/{source.pk}/{verb}")
    assert answer.status_code == 403
    assert count(workspace) == 1


@pytest.mark.parametrize("path", ["", "/add", "/brand"])
def test_outsiders_and_other_workspaces_do_not_get_in(
    client_for, outsider, other_owner, source, path
):
    for person in (outsider, other_owner):
        assert client_for(person).get(f"{BASE}{path}").status_code in (403, 404)


def test_a_source_of_another_workspace_does_not_exist_here(
    client_for, other_owner, workspace, source
):
    client = client_for(other_owner)
    for path in (f"sources/{source.pk}", f"sources/{source.pk}/state"):
        assert client.get(f"/w/globex/knowledge/{path}").status_code == 404
    assert client.post(f"/w/globex/knowledge/sources/{source.pk}/remove").status_code == 404
    with workspace_context(workspace):
        page = Page.objects.get()
    assert client.get(f"/w/globex/knowledge/pages/{page.pk}").status_code == 404
    assert count(workspace) == 1


def test_removing_a_source_takes_its_pages(client_for, owner, workspace, source):
    answer = client_for(owner).post(f"{BASE}/sources/{source.pk}/remove")
    assert answer.status_code == 302
    assert count(workspace) == count(workspace, Page) == 0


def test_brand_basics_are_saved_and_a_wrong_website_is_kept_in_the_form(
    client_for, owner, workspace
):
    client = client_for(owner)
    values = {"name": "Kettle", "website": "kettle.example", "description": "Tea", "audience": ""}
    assert client.post(f"{BASE}/brand", values).status_code == 302
    with workspace_context(workspace):
        assert Brand.objects.get().website == "https://kettle.example/"
    bad = client.post(f"{BASE}/brand", {**values, "name": "Changed", "website": "ftp://x.example"})
    assert bad.status_code == 422
    assert 'value="Changed"' in bad.content.decode()
    with workspace_context(workspace):
        assert Brand.objects.get().name == "Kettle"
