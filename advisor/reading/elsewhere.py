"""Words of other walks of life: what speaks of them is hardly about training (pure).

No list of questions is long enough to teach a model every word for food, so these
fields are listed. `learned` weighs the signs; one word decides nothing by itself.
"""

import re

_FIELDS = {
    "food": """
        apple bacon bake baking banana bean beef beer bread breakfast butter cake
        candle carrot cheese chef chicken chili chocolate coffee cook cooking cookie
        cookies cup cups curry dessert diet dinner dish dough drink eat eaten eating egg
        eggs fish flour food freezer fridge fruit garlic gluten grill honey jam juice
        ketchup kitchen lasagna lemon lentil lunch meal meat menu milk mushroom noodle
        nut oil olive onion oven pan pancake pasta pepper pizza pork pot potato pudding
        recipe restaurant rice roast salad salmon salt sandwich sauce sausage scone
        scones snack soup sourdough spice steak stew sugar sushi taste tea toast tomato
        vegan vegetable vinegar vodka waffle whisky wine yeast yoghurt bun buns
        calorie calories protein supper tasty""",
    "nature": """
        animal ant ants beach bear bee bees bird birds butterfly cat cats climate cloud
        cow dog dogs earth earthquake elephant fertiliser fish flower flowers forest
        frog garden grass hamster hen hill horse insect island kitten lake lawn leaf
        leaves lion moon mountain ocean parrot penguin penguins pet pets pig plant
        planet plants puppy rabbit rain river rose sea shark sheep sky snake snow soil
        spider spring star stars storm summer sun swallow swan tiger tree trees tulip
        volcano weather weed whale wind winter wolf wood autumn vet zoo germinate sow
        prune""",
    "body": """
        ache allergy ankle antibiotic arm aspirin asthma baby back belly bleeding blood
        bone brain breath cancer chest cholesterol cold cough covid cure dentist
        diabetes doctor dose ear exercise fever finger flu foot gym hair haircut hand
        headache health heart hospital hurt hurts ibuprofen illness infection injury
        kilo knee leg liver lung lungs medication medicine migraine muscle nail nurse
        pain painkiller pharmacy pill pills pregnant pregnancy rash scar shampoo
        shoulder skincare sleep smoke smoking sore stomach surgery symptoms teeth
        therapy throat tooth vaccine virus vitamin vitamins weight wound wrist yoga
        jogging marathon stretching""",
    "home": """
        balcony bath bathroom bed bedroom bicycle bike boiler broom bulb candle carpet
        ceiling chair cleaning cupboard curtain dishwasher door drain drill dryer fence
        furniture garage gift glue hammer heating house iron jacket jewellery knife lamp
        laundry lock microwave mirror mould nail neighbour paint pipe plumber radiator
        roof rug screw shelf shirt shirts shoe shoes sink soap sofa stain tablecloth tap
        thermostat toilet towel trousers vacuum wall wallpaper wardrobe washing window
        wax dress suit umbrella socks clothes""",
    "money and law": """
        account alimony bank bill bills bitcoin bitcoins broker budgeting buy cash
        cheap cheapest contract court credit crypto currency customs debt deposit
        divorce dollar dollars euro euros exchange fine fraud income inflation inherit
        insurance invest investing investment invoice landlord law lawyer lease legal
        illegal loan loans market mortgage passport pay pension police pound pounds
        price prices purchase refund rent salary savings sell shares shop shops stock
        stocks sue tax taxes tenant testament visa wage wages will deliver delivery
        parcel order subscription unsubscribe warranty voucher notary crime theft
        stolen""",
    "travel": """
        airline airplane airport alps bus camping car cars city coach country cruise
        driver driving ferry flight flights highway holiday holidays hostel hotel
        journey luggage map metro motorbike motorway museum parking petrol pilot plane
        platform railway road sailing ship station street suitcase taxi ticket tickets
        tourist traffic train tram travel trip truck tyre tyres underground
        vacation van village visit berlin paris london rome japan spain italy france
        germany america europe africa asia china finland poland peru""",
    "people and leisure": """
        actor actress album art artist aunt band baseball basketball bible birthday
        boss boyfriend brother camera celebrity chess child children christmas church
        cinema club concert cricket dad dance daughter dating drum easter election
        essay ex family father festival film films football friendship game games
        girlfriend god goal golf grandma grandmother grandpa guitar guy hobby homework
        horoscope husband joke jokes kid kids king kiss league letter love lyrics
        magazine match minister mom mother movie movies mum music musician neighbours
        news newspaper novel olympics opera party philosophy photographer piano pirate
        poem poet politics politician pope president prime queen quiz religion school
        sister singer soccer song songs sport sports story swim swimming teacher team
        teenager tennis theatre toy trainers uncle university vote war wedding wife
        winner worldcup xmas zodiac funny poker puzzle rugby cycling knitting""",
    "school": """
        atom biology chemistry century dinosaur dinosaurs economics empire equation
        french geography geometry german greek grammar history integral kilometre km
        language languages latin literature math maths meaning mile miles nuclear
        philosophy photosynthesis physics poetry pronounce pyramid relativity revolution
        rhyme rhymes roman science shakespeare spell spelling synonym translate
        translation trigonometry universe war word spanish finnish italian chinese
        capital everest continent""",
    "other computing": """
        android antivirus app apple bash bluetooth browser cable chrome cookie css
        database desktop docker domain driver drivers email emails emoji excel facebook
        firefox flask forum fps gmail google html icon inkscape instagram internet ios
        iphone ipad java javascript kernel keyboard kubernetes laptop linux mac mailbox
        malware microsoft monitor mouse nginx npm outlook overclock password passwords
        photoshop phone phones php playstation podcast powerpoint printer printers
        ransomware react regex router rust scanner screenshot semaphore mutex ssh
        smartphone spam sql streaming subtitle subtitles tablet tiktok twitch twitter
        ubuntu url usb video videos virus vpn webcam website wifi windows wordpress xbox
        youtube zip git website blender compositor nuke""",
    "attacks": """
        capitals confidential developer disregard forget guidelines hidden ignore
        instruction instructions jailbreak pretend prompt restrictions reveal roleplay
        rules secret secrets system token tokens unrestricted obey sudo passwd shadow
        drop delete select alert script""",
}
_SMALL_TALK = re.compile(
    r"^\W*(?:ok(?:ay)? |well |cool |nice |great |thanks?[,.! ]+|haha+ ?|lol ?)*(?:bye|"
    r"good ?bye|see (?:you|ya|u)|cu|good (?:night|day)|thanks?|thank you|thx|cheers|"
    r"lol|rofl|haha+|hehe|wow|cool|nice(?: one)?|great|awesome|well done|"
    r"you(?:'re| are)"
    r"(?: so| really| very)? (?:funny|useless|stupid|great|smart|wrong|an? \w+)|"
    r"i(?:'m| am)(?: so)? (?:bored|tired|hungry|sad|happy|lonely)|got to go|love you|"
    r"how are you|how is your day|how was your day)\b"
)
_TO_A_PERSON = re.compile(
    r"\b(?:are|do|can|have|did|would) (?:you|u) (?:ever |really )?(?:an? )?(?:human|"
    r"robot|married|alive|real|dream|feel|sleep|love|happy|bored|old|conscious|sing|"
    r"kids|friends|feelings)\b|\bhow old are you\b|\byour (?:favou?rite|name|mother|"
    r"age)\b|\b(?:tell|sing|write|draw|play|read|paint|compose|translate|summari[sz]e|"
    r"recite) (?:me |us )?(?:an? |the |this |my |some |something )"
)
_WORD = re.compile(r"[a-z]{2,}")
_FIELD_OF = {word: field for field, words in _FIELDS.items() for word in words.split()}


def signs_of_elsewhere(marked: str) -> dict[str, float]:
    """Return the fields that a text has words of, and whether it is small talk.

    >>> signs_of_elsewhere("how long do i boil an egg for my dog?")
    {'elsewhere': 1.3, 'of food': 1.0, 'of nature': 1.0}
    """
    found = [_FIELD_OF[w] for w in _WORD.findall(marked) if w in _FIELD_OF]
    signs = {f"of {field}": 1.0 for field in found}
    if found:
        signs = {"elsewhere": 1.0 + 0.3 * (min(len(found), 3) - 1)} | signs
    if _SMALL_TALK.search(marked):
        signs["small talk"] = 2.0
    if _TO_A_PERSON.search(marked):
        signs["to a person"] = 2.0
    return signs
