"""Two made-up brands that sound nothing alike, and the fluff that belongs to neither."""

from __future__ import annotations

from apps.agents.voice import Document

KETTLE = [
    Document(
        "https://kettle.example/about",
        """About us
We're a tiny tea shop on a windy hill, and we don't take ourselves too seriously.
We blend our teas by hand in small batches, and you can taste it.
Our kettle's always on, so come by and say hi!
We started in 2014 with one kettle, two mugs and no plan.
You won't find fancy words on our tins, just tea that we'd drink ourselves.
If a blend isn't fun to drink, we don't sell it.
We've made plenty of odd teas, and honestly, most of them were awful.
Smoky Sunday is our oldest blend, and it's still the one we'd save from a fire.
We tasted forty batches before we got Smoky Sunday right.
You'll find our blends in 60 shops, and we know every owner by name.""",
        "About us",
        "en",
    ),
    Document(
        "https://kettle.example/brewing",
        """Brewing without fuss
You don't need a thermometer to make a good mug of tea.
Boil the kettle, wait a minute, pour, and go do something nice for three minutes.
We steep our green blends cooler, because hot water makes them grumpy.
If your tea tastes bitter, you've left it too long, and that's okay.
Our loose tea goes further than you'd think, so don't be shy with the second pour.
We'd rather you drink our tea from a chipped mug than not at all.
Kids love our fruit blends with a spoon of honey.
Can you put milk in Smoky Sunday? You can, and we won't tell anyone!
You'll know it's ready when the kitchen smells like a campfire.
Our mugs hold a bit more than the others, because who wants less tea?""",
        "Brewing without fuss",
        "en",
    ),
    Document(
        "https://kettle.example/shipping",
        """Shipping
We pack your tea on the day you order it, usually with a silly note.
Your parcel leaves our hill every weekday at four.
If your tea arrives squashed, we'll send you another tin, no questions asked.
We ship in paper, because our tea doesn't need plastic.
You can send back any unopened tin, and we'll share the good news with our postman.
We don't do flash sales, but our tin club gets a free blend every spring.
The tin club's free to join, and you can leave whenever you like.
Write to the tin club if you'd like a blend named after your dog.""",
        "Shipping",
        "en",
    ),
]

HARBOUR = [
    Document(
        "https://harbour.example/practice",
        """Practice areas
Harbour & Stone advises institutional clients on maritime regulation and commercial arbitration.
The firm's partners have represented shipowners before tribunals in eleven jurisdictions.
Engagements are conducted in accordance with the applicable rules of professional conduct.
A preliminary assessment of the matter is provided within five working days of receipt.
Clients are required to furnish documentation sufficient for the verification of identity.
The limitation periods applicable to cargo claims are frequently misunderstood.
Where insolvency of a counterparty is anticipated, prompt notification of insurers is recommended.
The firm maintains a strict separation between advisory and adjudicative functions.
Disputes concerning charterparties are ordinarily referred to arbitration in London.
The enforcement of arbitral awards requires careful consideration of the relevant conventions.""",
        "Practice areas",
        "en",
    ),
    Document(
        "https://harbour.example/publications",
        """Publications
The annual review examines developments in the regulation of marine emissions.
Amendments to the convention entered into force and apply to vessels delivered thereafter.
Compliance obligations are consequently borne by the registered owner and the operator.
Readers are advised that the review does not constitute legal advice.
Particular attention is given to the allocation of liability between charterer and owner.
The commentary was prepared by the regulatory department and reviewed by external counsel.
Subscription to the review is restricted to clients of the firm.""",
        "Publications",
        "en",
    ),
]

FLUFF = [
    "Unlock the power of our revolutionary platform and supercharge your workflow today! 🚀",
    "We are thrilled to announce an innovative, best-in-class solution that empowers businesses.",
    "Elevate your brand with cutting-edge insights. Act now!!! #growth #innovation #success",
    "In today's fast-paced world, seamless omnichannel experiences are a must-have.",
    "Leverage our scalable ecosystem to maximize synergies across every vertical.",
]
