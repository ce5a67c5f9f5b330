"""Merchant categories by name: the four-digit codes of ISO 18245, in words an analyst would say.

The code is what payments carry and rules compare; the name is for people. A code without a name here is valid all
the same: card schemes add some of their own.
"""

_NAMES = """
0742 veterinary services
0763 agricultural cooperatives
0780 landscaping and horticulture
1520 general building contractors
1711 heating, plumbing and air conditioning
1731 electrical contractors
1740 masonry, tiling, plastering and insulation
1750 carpentry
1761 roofing, siding and sheet metal
1771 concrete work
1799 other trade contractors
2741 publishing and printing
2791 typesetting and plate making
2842 cleaning and polishing products
4011 rail freight
4111 local and suburban passenger transport
4112 passenger railways
4119 ambulance services
4121 taxis and ride hailing
4131 bus lines
4214 road freight and removals
4215 couriers
4225 warehousing and storage
4411 cruise lines
4457 boat hire
4468 marinas
4511 airlines (other)
4582 airports
4722 travel agencies and tour operators
4784 tolls and bridge fees
4789 other transport services
4812 telephone equipment
4814 telephone services
4815 telephone services, billed monthly
4816 computer networks and online services
4821 telegraph services
4829 money transfers
4899 cable, satellite and pay television
4900 electricity, gas, water and waste
5013 motor vehicle supplies and parts, wholesale
5021 office furniture, wholesale
5039 building materials, wholesale
5044 photographic and office equipment, wholesale
5045 computers and software, wholesale
5046 commercial equipment, wholesale
5047 medical and dental equipment
5051 metals, wholesale
5065 electrical parts, wholesale
5072 hardware, wholesale
5074 plumbing and heating equipment, wholesale
5085 industrial supplies
5094 precious stones, metals, watches and jewellery, wholesale
5099 durable goods, wholesale
5111 stationery and office supplies, wholesale
5122 medicines and toiletries, wholesale
5131 fabrics, wholesale
5137 uniforms and commercial clothing
5139 commercial footwear
5169 chemicals
5172 petroleum products, wholesale
5192 books, periodicals and newspapers, wholesale
5193 florists' supplies, wholesale
5198 paints and varnishes, wholesale
5199 non-durable goods, wholesale
5200 home supply warehouses
5211 lumber and building materials
5231 glass, paint and wallpaper shops
5251 hardware shops
5261 garden centres
5262 online marketplaces
5271 mobile home dealers
5300 wholesale clubs
5309 duty-free shops
5310 discount shops
5311 department stores
5331 variety shops
5399 general merchandise
5411 supermarkets and groceries
5422 butchers and frozen food
5441 sweet shops
5451 dairies
5462 bakeries
5499 convenience and speciality food shops
5511 car dealers, new and used
5521 car dealers, used only
5531 car and home supply shops
5532 tyre shops
5533 car parts and accessories
5541 petrol stations
5542 automated fuel pumps
5551 boat dealers
5552 electric vehicle charging
5561 caravan and trailer dealers
5571 motorcycle dealers
5592 motor home dealers
5598 snowmobile dealers
5599 other vehicle dealers
5611 men's clothing
5621 women's clothing
5631 women's accessories
5641 children's clothing
5651 family clothing
5655 sports clothing
5661 shoe shops
5681 furriers
5691 clothing shops
5697 tailors and alterations
5698 wig shops
5699 other clothing and accessories
5712 furniture and home furnishings
5713 floor coverings
5714 curtains and upholstery
5718 fireplaces
5719 other home furnishings
5722 household appliances
5732 electronics shops
5733 music shops and instruments
5734 computer software shops
5735 record shops
5811 caterers
5812 restaurants
5813 bars and nightclubs
5814 fast food
5815 digital books, films and music
5816 digital games
5817 digital applications
5818 digital goods, large merchants
5912 pharmacies
5921 wine, beer and spirits
5931 second-hand shops
5932 antique shops
5933 pawnshops
5935 scrap and salvage yards
5937 antique reproductions
5940 bicycle shops
5941 sporting goods
5942 bookshops
5943 stationery shops
5944 jewellery, watches and silverware
5945 toy and game shops
5946 camera shops
5947 gift and souvenir shops
5948 luggage and leather goods
5949 sewing and fabric shops
5950 glassware and crystal
5960 insurance sold by mail
5962 travel sold by telephone
5963 door-to-door sales
5964 catalogue sales
5965 catalogue and shop sales
5966 outbound telephone sales
5967 inbound telephone sales
5968 subscriptions
5969 other direct marketing
5970 art and craft supplies
5971 art dealers
5972 stamp and coin dealers
5973 religious goods
5975 hearing aids
5976 orthopaedic goods
5977 cosmetics
5978 typewriter shops
5983 fuel dealers
5992 florists
5993 tobacconists
5994 newsagents
5995 pet shops
5996 swimming pools
5997 electric razor shops
5998 tent and awning shops
5999 other speciality shops
6010 cash at a bank counter
6011 cash machines
6012 financial institutions, goods and services
6050 quasi cash at a bank
6051 quasi cash, cryptocurrency and vouchers
6211 securities brokers
6300 insurance
6381 insurance premiums
6399 other insurance
6513 estate agents and rent
6532 payments by a bank's customer
6533 payments by a merchant
6536 money transfers within a country
6537 money transfers between countries
6538 funding of money transfers
6540 top-ups of prepaid cards
6611 overpayments
6760 savings bonds
7011 hotels and lodging
7012 timeshares
7032 recreational camps
7033 campsites and caravan parks
7210 laundry and cleaning services
7211 laundries
7216 dry cleaners
7217 carpet cleaning
7221 photographers
7230 hairdressers and beauty salons
7251 shoe repair
7261 funeral services
7273 dating services
7276 tax preparation
7277 counselling
7278 buying services
7280 hospital patient funds
7295 babysitting
7296 costume hire
7297 massage parlours
7298 spas
7299 other personal services
7311 advertising
7321 credit reporting
7322 debt collection
7333 commercial photography and graphics
7338 copying services
7339 secretarial services
7342 pest control
7349 cleaning and maintenance
7361 employment agencies
7372 programming and data processing
7375 information services
7379 computer repair
7392 consulting and public relations
7393 detective and security agencies
7394 equipment hire
7395 photo laboratories
7399 other business services
7512 car hire
7513 truck hire
7519 motor home hire
7523 car parks
7524 express payment at fuel stations and fast food
7531 car body repair
7534 tyre retreading
7535 car paint shops
7538 car repair
7542 car washes
7549 towing
7622 electronics repair
7623 air conditioning repair
7629 appliance repair
7631 watch and jewellery repair
7641 furniture repair
7692 welding
7699 other repair shops
7800 government lotteries
7801 government online casinos
7802 government horse and dog racing
7829 film distribution
7832 cinemas
7841 video rental
7911 dance halls and schools
7922 theatres and concerts
7929 bands and orchestras
7932 billiards
7933 bowling alleys
7941 sports clubs and fields
7991 tourist attractions
7992 golf courses
7993 video game supplies
7994 video game arcades
7995 gambling
7996 amusement parks and circuses
7997 membership clubs
7998 aquariums and zoos
7999 other recreation
8011 doctors
8021 dentists
8031 osteopaths
8041 chiropractors
8042 optometrists
8043 opticians
8049 chiropodists
8050 nursing and care
8062 hospitals
8071 medical laboratories
8099 other health services
8111 lawyers
8211 schools
8220 universities
8241 correspondence schools
8244 business schools
8249 trade schools
8299 other schools
8351 child care
8398 charities
8641 associations
8651 political organisations
8661 religious organisations
8675 motoring associations
8699 other membership organisations
8734 testing laboratories
8911 architects and engineers
8931 accountants
8999 other professional services
9211 court costs
9222 fines
9223 bail
9311 taxes
9399 government services
9402 postal services
9405 government purchases
"""

# Carriers, hire firms and hotel chains have codes of their own.
_RANGES = ((range(3000, 3351), "airlines"), (range(3351, 3501), "car hire"), (range(3501, 4000), "hotels"))

MERCHANT_CATEGORIES: dict[str, str] = {line[:4]: line[5:] for line in _NAMES.strip().splitlines()}


def merchant_category_name(code: str) -> str:
    """ "electronics shops" for "5732"; empty when the code has no name here."""
    if name := MERCHANT_CATEGORIES.get(code):
        return name
    return next((name for codes, name in _RANGES if code.isdigit() and int(code) in codes), "")
