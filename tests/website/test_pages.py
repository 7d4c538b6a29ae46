"""The pages for everybody."""

from __future__ import annotations

from django.contrib.auth import get_user_model


def test_the_welcome_page_leads_to_signing_up_and_in(client, db):
    html = client.get("/").content.decode()
    assert 'href="/accounts/signup/"' in html
    assert 'href="/accounts/login/"' in html


def test_the_welcome_page_leads_a_member_into_candy(workspace, owner, client_for):
    html = client_for(owner).get("/").content.decode()
    assert 'href="/next/"' in html
    assert "/accounts/signup/" not in html.split("<footer")[0]


def test_the_gallery_is_for_staff(client, owner, client_for):
    assert client.get("/design/").status_code == 404
    assert client_for(owner).get("/design/").status_code == 404
    get_user_model().objects.filter(pk=owner.pk).update(is_staff=True)
    assert client_for(owner).get("/design/").status_code == 200


def test_a_missing_page_says_so_in_our_words(client, db):
    response = client.get("/no-such-page")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_the_page_for_a_broken_server_needs_nothing(rf):
    from django.views.defaults import server_error

    response = server_error(rf.get("/"))
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()


def test_the_theme_of_this_device_is_there_before_the_page_is_drawn(client, db):
    client.cookies["candy_theme"] = "dark"
    assert 'data-theme="candy-dark"' in client.get("/").content.decode()
    client.cookies["candy_theme"] = "system"
    assert "data-theme" not in client.get("/").content.decode().split("<head>")[0]


def test_a_theme_that_is_none_is_not_put_into_the_page(client, db):
    client.cookies["candy_theme"] = '"><script>'
    assert "data-theme" not in client.get("/").content.decode().split("<head>")[0]
