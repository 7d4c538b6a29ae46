"""Projects are made, changed and put away by those who may."""

from __future__ import annotations

from datetime import date

import pytest

from apps.errors import PermissionDenied, ValidationFailed
from apps.orchestrator.models import Event
from apps.studio.errors import ProjectDatesWrong, ProjectNameTaken, ProjectNotFound
from apps.studio.models import Project
from apps.studio.services import projects
from apps.workspaces.tenancy import workspace_context


@pytest.fixture
def actor(in_workspace, contributor, actor_for):
    return actor_for(contributor, in_workspace)


def test_a_project_is_made_and_told(actor):
    project = projects.create(actor=actor, name="  Spring ", purpose="Sour range")
    assert project.name == "Spring"
    event = Event.objects.get(kind="project.created")
    assert event.subject == ("project", str(project.pk))


def test_a_name_is_taken_whatever_its_case_until_it_is_archived(actor):
    first = projects.create(actor=actor, name="Spring")
    with pytest.raises(ProjectNameTaken) as caught:
        projects.create(actor=actor, name="SPRING")
    assert caught.value.field == "name"
    projects.archive(actor=actor, project_id=first.pk)
    projects.create(actor=actor, name="spring")
    with pytest.raises(ProjectNameTaken):
        projects.restore(actor=actor, project_id=first.pk)


def test_days_in_the_wrong_order_are_refused(actor):
    with pytest.raises(ProjectDatesWrong) as caught:
        projects.create(
            actor=actor, name="Spring", starts_on=date(2027, 3, 2), ends_on=date(2027, 3, 1)
        )
    assert caught.value.field == "ends_on"
    assert not Project.objects.exists()


def test_a_blank_name_is_refused(actor):
    with pytest.raises(ValidationFailed):
        projects.create(actor=actor, name="   ")


def test_archiving_twice_is_told_once(actor):
    project = projects.create(actor=actor, name="Spring")
    projects.archive(actor=actor, project_id=project.pk)
    projects.archive(actor=actor, project_id=project.pk)
    assert Event.objects.filter(kind="project.archived").count() == 1


def test_a_viewer_changes_nothing(in_workspace, viewer, actor, actor_for):
    project = projects.create(actor=actor, name="Spring")
    looking = actor_for(viewer, in_workspace)
    for refused in (
        lambda: projects.create(actor=looking, name="Mine"),
        lambda: projects.update(actor=looking, project_id=project.pk, name="Mine"),
        lambda: projects.archive(actor=looking, project_id=project.pk),
    ):
        with pytest.raises(PermissionDenied):
            refused()
    assert list(Project.objects.values_list("name", "archived_at")) == [("Spring", None)]


def test_another_workspaces_project_is_not_found(in_workspace, other_workspace, actor):
    project = projects.create(actor=actor, name="Spring")
    with workspace_context(other_workspace), pytest.raises(ProjectNotFound):
        projects.archive(actor=actor, project_id=project.pk)


def test_the_form_comes_back_filled_in_with_the_words_at_the_field(
    workspace, contributor, client_for
):
    client = client_for(contributor)
    assert (
        client.post("/w/acme/projects/new", {"name": "Spring", "tone": "mint"}).status_code == 302
    )
    response = client.post("/w/acme/projects/new", {"name": "spring", "tone": "grape"})
    assert response.status_code == 422
    html = response.content.decode()
    assert "There is a project named spring already." in html
    assert 'value="spring"' in html
    assert 'aria-invalid="true"' in html


def test_a_viewer_gets_no_form_and_no_button(workspace, viewer, client_for):
    client = client_for(viewer)
    assert client.get("/w/acme/projects/new").status_code == 403
    assert client.post("/w/acme/projects/new", {"name": "x", "tone": "mint"}).status_code == 403
    assert "New project" not in client.get("/w/acme/projects").content.decode()
    with workspace_context(workspace):
        assert not Project.objects.exists()
