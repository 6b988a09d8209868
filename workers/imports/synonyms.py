"""What people call the fields of the customer graph at the top of a column: Chinese, English, German, French and Spanish.

Names are written as people write them; `column_names.key` makes them comparable (case, accents, spaces and punctuation do not count).
The order matters where a file has two of a field's names: the earlier one is the better one. A name that could mean two fields
of its record type stands nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from tenants.words import RecordType


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split("|"))


_PHONE = (
    "phone number|telephone|telephone number|mobile|mobile phone|mobile number|cell|cell phone|cellphone|tel|tel no|手机"
    "|手机号|手机号码|电话|电话号码|联系电话|联系方式|移动电话|Telefon|Telefonnummer|Handy|Handynummer|Mobil|Mobilnummer"
    "|Mobiltelefon|Rufnummer|téléphone|numéro de téléphone|portable|teléfono|número de teléfono|móvil|celular"
)
_EMAIL = (
    "e-mail|mail|email address|e-mail address|mail address|邮箱|电子邮箱|电子邮件|邮件|邮箱地址|邮件地址|E-Mail-Adresse"
    "|Mailadresse|courriel|adresse e-mail|adresse mail|correo|correo electrónico"
)
_PERSON = "full name|姓名|名字|名称|Vollständiger Name|nom|nom complet|nombre|nombre completo|nombre y apellidos"
_JOB = "job|job title|position|职位|职务|岗位|头衔|Position|Funktion|Stellung|fonction|poste|cargo|puesto"

#: What other systems number customers by.
_NUMBER = (
    "customer id|customer no|customer number|customer code|customer key|customer ref|client id|client no|client number"
    "|client code|account id|account no|account number|buyer id|user id|member id|客户编号|客户号|客户ID|客户代码"
    "|客户编码|顾客编号|会员编号|会员号|会员ID|用户编号|用户ID|买家ID|Kundennummer|Kundennr|Kunden-ID|Debitor"
    "|Debitorennummer|numéro client|numéro de client|n° client|code client|id client|número de cliente|nº cliente"
    "|código de cliente|código cliente|id cliente"
)

#: How other records name the customer they belong to.
_LINK = {
    "customer_external_id": f"{_NUMBER}|customer|client|Kunde|cliente",
    "customer_phone": (
        "customer phone number|customer mobile|client phone|buyer phone|客户电话|客户手机|客户手机号|客户手机号码"
        "|会员手机号|买家手机|买家电话|Kundentelefon|téléphone client|teléfono del cliente|teléfono cliente"
    ),
    "customer_email": (
        "customer e-mail|customer mail|customer email address|client email|buyer email|客户邮箱|客户电子邮箱|客户邮件"
        "|会员邮箱|买家邮箱|Kunden-E-Mail|e-mail client|courriel client|correo del cliente|email cliente"
    ),
}

_SYNONYMS: Mapping[RecordType, Mapping[str, str]] = {
    RecordType.CUSTOMER: {
        "external_id": f"{_NUMBER}|编号|no|Nr|record id|reference",
        "kind": "customer type|客户类型|客户类别|Kundenart|Kundentyp|type de client|tipo de cliente",
        "name": (
            f"customer name|client name|{_PERSON}|客户姓名|客户名称|客户名|客户|顾客姓名|会员姓名|Kundenname"
            "|nom du client|nombre del cliente|customer|client"
        ),
        "company": (
            "company name|organisation|organization|organisation name|organization name|business name|firm|employer|公司"
            "|公司名称|公司名|企业|企业名称|单位|单位名称|工作单位|Firma|Firmenname|Unternehmen|société|nom de la société"
            "|raison sociale|entreprise|empresa|nombre de la empresa|razón social|compañía"
        ),
        "gender": "sex|性别|Geschlecht|sexe|genre|sexo|género",
        "birth_date": (
            "date of birth|birthday|birthdate|dob|born|出生日期|生日|出生年月|出生年月日|Geburtsdatum|Geburtstag|geboren"
            "|geboren am|date de naissance|né le|fecha de nacimiento|nacimiento|cumpleaños"
        ),
        "occupation": f"profession|职业|工作|Beruf|métier|profesión|ocupación|{_JOB}",
        "phone": _PHONE,
        "email": _EMAIL,
        "address": (
            "street address|postal address|mailing address|full address|street|address line 1|address 1|home address|地址"
            "|联系地址|通讯地址|详细地址|家庭住址|住址|Adresse|Anschrift|Straße|Strasse und Hausnummer|Straße und Nr|rue"
            "|adresse postale|dirección|domicilio|calle"
        ),
        "national_id": (
            "identity number|identity card|id card|id card number|national id number|ssn|social security number|身份证"
            "|身份证号|身份证号码|证件号|证件号码|Ausweisnummer|Personalausweisnummer|numéro de sécurité sociale|DNI|NIF"
        ),
        "postal_code": ("postcode|post code|zip|zip code|zipcode|邮编|邮政编码|PLZ|Postleitzahl|code postal|código postal|CP"),
        "country": "country code|country name|nation|国家|国别|国家地区|Land|Ländercode|pays|país",
        "region": (
            "state|province|state province|county|省|省份|所在省份|地区|州|Bundesland|Kanton|région|département|provincia"
            "|región|estado|comunidad autónoma"
        ),
        "city": "town|城市|市|所在城市|Stadt|Ort|Wohnort|ville|commune|ciudad|localidad|población|municipio",
        "lifecycle": (
            "lifecycle stage|customer status|status|stage|客户状态|状态|客户阶段|生命周期|Kundenstatus|statut"
            "|statut client|estado del cliente"
        ),
        "source": (
            "source channel|lead source|channel|acquisition channel|来源|客户来源|来源渠道|渠道|获客渠道|Quelle|Herkunft"
            "|Kanal|canal|origine|origen"
        ),
        "owner": (
            "account manager|account owner|sales rep|salesperson|assigned to|负责人|客户经理|所属销售|跟进人|归属人"
            "|Betreuer|Kundenbetreuer|zuständig|commercial|responsable|chargé de clientèle|vendedor|gestor"
        ),
        "tags": "tag|labels|label|标签|客户标签|Schlagworte|Schlagwörter|étiquettes|etiquetas",
        "contact.name": (
            "contact|contact person|primary contact|联系人|联系人姓名|主要联系人|Ansprechpartner|Kontaktperson|Kontakt"
            "|personne de contact|interlocuteur|contacto|persona de contacto"
        ),
        "contact.job_title": ("contact title|contact position|contact job|联系人职位|联系人职务|fonction du contact|cargo del contacto"),
        "contact.phone": (
            "contact phone number|contact mobile|contact tel|联系人电话|联系人手机|联系人手机号|téléphone du contact|teléfono de contacto"
        ),
        "contact.email": (
            "contact e-mail|contact mail|contact email address|联系人邮箱|联系人电子邮箱|e-mail du contact|correo de contacto"
        ),
    },
    RecordType.CONTACT: {
        **_LINK,
        "external_id": ("contact id|contact no|contact number|联系人编号|联系人ID|Kontaktnummer|Kontakt-ID|id contact|id contacto"),
        "name": f"contact name|contact|contact person|{_PERSON}|联系人|联系人姓名|Ansprechpartner|Kontaktperson|contacto",
        "job_title": f"title|contact title|role|{_JOB}|联系人职位|联系人职务",
        "phone": _PHONE,
        "email": _EMAIL,
        "is_primary": (
            "primary|main contact|primary contact|default contact|主要联系人|是否主要联系人|首要联系人"
            "|Hauptansprechpartner|Hauptkontakt|contact principal|contacto principal"
        ),
    },
    RecordType.ORDER: {
        **_LINK,
        "number": (
            "order number|order no|order id|order code|order ref|order reference|order|订单号|订单编号|订单ID|订单号码"
            "|单号|Bestellnummer|Bestellnr|Bestell-ID|Auftragsnummer|Auftragsnr|numéro de commande|n° commande"
            "|id commande|commande|número de pedido|nº pedido|id pedido|pedido"
        ),
        "ordered_at": (
            "order date|order time|ordered|ordered on|order datetime|date ordered|purchase date|purchased at"
            "|date of order|order created at|下单时间|下单日期|订单日期|订单时间|订购日期|购买日期|购买时间|Bestelldatum"
            "|Auftragsdatum|Kaufdatum|bestellt am|date de commande|date d'achat|fecha de pedido|fecha del pedido"
            "|fecha de compra"
        ),
        "amount": (
            "order amount|order total|total|total amount|grand total|order value|订单金额|订单总额|总金额|总价|总计|合计"
            "|实付金额|Gesamtbetrag|Gesamtsumme|Bestellwert|Auftragswert|montant|montant total|total commande|importe"
            "|importe total|total pedido"
        ),
        "currency": "currency code|币种|货币|Währung|devise|monnaie|moneda|divisa",
        "payment_method": (
            "payment|payment type|paid by|支付方式|付款方式|支付渠道|Zahlungsart|Zahlungsmethode|Zahlungsweise"
            "|mode de paiement|moyen de paiement|método de pago|forma de pago"
        ),
        "status": ("order status|state|订单状态|状态|Bestellstatus|Auftragsstatus|statut|statut commande|estado|estado del pedido"),
        "lines.product": (
            "product name|product|item name|item|article|product description|sku|product code|product id|item code"
            "|item id|article number|产品名称|产品|商品名称|商品|品名|货品名称|产品编号|商品编号|产品ID|商品ID|货号"
            "|Produktname|Produkt|Artikel|Artikelname|Artikelbezeichnung|Artikelnummer|produit|nom du produit|désignation"
            "|producto|nombre del producto|artículo"
        ),
        "lines.quantity": (
            "quantity|qty|units|count|number of items|数量|件数|购买数量|Menge|Anzahl|Stückzahl|quantité|qté|cantidad|unidades"
        ),
        "lines.unit_price": (
            "unit price|price|price each|price per unit|item price|单价|价格|商品单价|Einzelpreis|Stückpreis|Preis"
            "|prix unitaire|prix|precio unitario|precio"
        ),
        "lines.discount": ("discount|discount rate|discount percent|line discount|折扣|折扣率|Rabatt|Nachlass|remise|rabais|descuento"),
        "lines.amount": (
            "line total|line amount|subtotal|item total|extended price|小计|行金额|商品金额|Zwischensumme|Positionsbetrag"
            "|Zeilensumme|sous-total|montant ligne|importe línea"
        ),
    },
    RecordType.INTERACTION: {
        **_LINK,
        "external_id": "interaction id|activity id|ticket id|ticket number|互动编号|记录编号|工单号|Vorgangsnummer|Ticketnummer",
        "channel": (
            "contact channel|communication channel|medium|via|interaction type|activity type|渠道|沟通方式|联系方式"
            "|沟通渠道|跟进方式|Kanal|Kontaktart|Kommunikationskanal|canal|medio"
        ),
        "direction": "inbound outbound|方向|呼叫方向|Richtung|sens|dirección",
        "occurred_at": (
            "date|time|datetime|timestamp|occurred on|interaction date|activity date|contact date|call date|时间|日期"
            "|沟通时间|联系时间|跟进时间|发生时间|Datum|Zeitpunkt|Kontaktdatum|date et heure|fecha|fecha y hora"
        ),
        "subject": "topic|title|主题|标题|Betreff|Thema|objet|sujet|asunto|tema",
        "content": (
            "notes|note|message|body|text|summary|description|details|内容|备注|沟通内容|跟进内容|沟通记录|Inhalt|Notiz"
            "|Notizen|Nachricht|Beschreibung|contenu|remarques|contenido|notas|mensaje"
        ),
        "follow_up": "follow up status|follow-up|跟进状态|是否跟进|Wiedervorlage|suivi|seguimiento",
    },
    RecordType.NEED: {
        **_LINK,
        "external_id": "need id|lead id|opportunity id|需求编号|商机编号|Bedarfsnummer",
        "what": (
            "need|needs|requirement|requirements|demand|request|description|需求|需求描述|需求内容|客户需求|Bedarf"
            "|Anforderung|Wunsch|besoin|besoins|demande|necesidad|necesidades|requisito"
        ),
        "product_interest": (
            "product|interest|interested in|product of interest|意向产品|感兴趣的产品|产品|产品意向|Produktinteresse"
            "|Interesse|produit|intérêt|producto|interés"
        ),
        "expected_at": (
            "expected date|expected on|due date|needed by|deadline|target date|预计日期|期望日期|预计时间|期望时间"
            "|截止日期|erwartet am|Termin|Zieldatum|date prévue|échéance|fecha prevista|fecha límite"
        ),
        "status": "need status|state|状态|需求状态|statut|estado",
    },
    RecordType.PREFERENCE: {
        **_LINK,
        "external_id": "preference id|偏好编号",
        "kind": (
            "preference|preference type|preference kind|preference name|type|category|key|偏好|偏好类型|偏好项|类型|类别"
            "|Art|Präferenz|Kategorie|préférence|catégorie|preferencia|categoría|tipo"
        ),
        "value": "preference value|choice|setting|偏好值|偏好内容|值|内容|Wert|Auswahl|valeur|choix|valor|elección",
    },
}

#: By record type, for each target what else its column is called, the best name first.
SYNONYMS: Mapping[RecordType, Mapping[str, tuple[str, ...]]] = {
    record_type: {target: _names(text) for target, text in fields.items()} for record_type, fields in _SYNONYMS.items()
}

#: What a column of a file of this type may begin with and mean the same without: `customer e-mail` among customers, `订单状态`
#: among orders.
OWN_PREFIXES: Mapping[RecordType, tuple[str, ...]] = {
    RecordType.CUSTOMER: ("customer", "client", "cust", "客户", "顾客", "会员", "用户"),
    RecordType.CONTACT: ("contact", "联系人"),
    RecordType.ORDER: ("order", "订单"),
    RecordType.INTERACTION: ("interaction", "activity", "互动", "沟通"),
    RecordType.NEED: ("need", "需求"),
    RecordType.PREFERENCE: ("preference", "偏好"),
}

#: Words that are one slip away from a word of ours and mean something else.
NOT_SLIPS = frozenset(
    _names(
        "contract|contracts|contrat|contrato|county|quality|stage|prize|pride|statue|rate|main|male|fame|cited|commune|comments"
        "|shipper|supplier|consumer|customs|regime|origin|signal|payments|employed|employee"
    )
)
