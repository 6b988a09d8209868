"""Makes words of the closed vocabularies right: what people write for them in Chinese and in European languages."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache, lru_cache
from typing import TypeVar

from tenants.intake.normalise.text import folded, plain
from tenants.intake.problems import Code, Fault
from tenants.words import (
    Channel,
    CustomerKind,
    Direction,
    FollowUp,
    Gender,
    Lifecycle,
    NeedStatus,
    OrderStatus,
    PaymentMethod,
    RecordType,
)

Word = TypeVar("Word", bound=StrEnum)

_LONGEST = 60

#: For each member what else people write, separated by commas. Case, accents, spaces and punctuation do not count.
#: Members of two vocabularies can be equal (`Gender.OTHER == Channel.OTHER`), so each vocabulary has its own table.
_SYNONYMS: Mapping[type[StrEnum], Mapping[StrEnum, str]] = {
    RecordType: {
        RecordType.CUSTOMER: "客户, customers, Kunde, Kunden, client, clients, cliente, clientes, account",
        RecordType.CONTACT: "联系人, contacts, Kontakt, Ansprechpartner, contacto, contatto",
        RecordType.ORDER: "订单, orders, Bestellung, Auftrag, commande, pedido, ordine",
        RecordType.ORDER_LINE: "订单明细, 订单行, order lines, order item, Bestellposition, Auftragsposition",
        RecordType.INTERACTION: "互动, 跟进记录, 沟通记录, interactions, activity, Aktivität, activité, actividad",
        RecordType.NEED: "需求, needs, Bedarf, besoin, necesidad",
        RecordType.PREFERENCE: "偏好, preferences, Vorliebe, préférence, preferencia",
    },
    CustomerKind: {
        CustomerKind.PERSON: "个人, 个人客户, 自然人, individual, private, consumer, B2C, privat, Privatperson, Privatkunde, "
        "particulier, personne, persona, particular, privato, natural person",
        CustomerKind.COMPANY: "公司, 企业, 企业客户, 单位, 机构, 法人, organization, organisation, business, corporate, "
        "corporation, enterprise, firm, B2B, legal entity, Firma, Unternehmen, Geschäftskunde, entreprise, société, empresa, azienda",
    },
    Gender: {
        Gender.FEMALE: "女, 女性, 女士, 小姐, 太太, 女生, f, w, woman, girl, Mrs, Ms, Miss, Madam, Frau, weiblich, Fräulein, "
        "Mme, Mlle, Madame, Mademoiselle, femme, féminin, feminino, mujer, femenino, Sra, Señora, Srta, Señorita, donna, femmina, "
        "femminile, Signora, Sig.ra, vrouw, vrouwelijk, Mevrouw, mulher, kobieta, kvinna, kvinde, kvinne, nainen",
        Gender.MALE: "男, 男性, 先生, 男生, m, man, boy, Mr, Mister, Herr, männlich, Mann, Monsieur, homme, masculin, hombre, "
        "masculino, Sr, Señor, varón, uomo, maschio, maschile, Signor, Sig, mannelijk, Meneer, homem, mężczyzna, mies",
        Gender.OTHER: "其他, 其它, diverse, divers, d, x, non-binary, nonbinary, nb, Mx, autre, otro, otra, altro, anders, andere",
    },
    Lifecycle: {
        Lifecycle.PROSPECT: "潜在客户, 潜在, 潜客, 意向客户, 意向, 准客户, 线索, 新线索, 未成交, 未成交客户, lead, prospects, "
        "prospective, potential, potential customer, Interessent, potenziell, potenzieller Kunde, prospecto, prospect client, "
        "client potentiel, cliente potencial, potenziale",
        Lifecycle.ACTIVE: "成交客户, 成交, 已成交, 活跃, 活跃客户, 正式客户, 现有客户, 老客户, 在用, 合作中, 客户, customer, current, "
        "existing, existing customer, current customer, active customer, client, aktiv, Kunde, Bestandskunde, actif, client actif, activo, "
        "cliente, attivo, actief, aktywny",
        Lifecycle.LAPSED: "流失, 流失客户, 已流失, 沉睡, 沉睡客户, 休眠, 休眠客户, 失效, 停用, 不活跃, inactive, inactive customer, "
        "churned, churn, lost, former, former customer, dormant, ex-customer, inaktiv, verloren, ehemalig, ehemaliger Kunde, Altkunde, "
        "inactif, perdu, ancien client, inactivo, perdido, inattivo, perso",
    },
    OrderStatus: {
        OrderStatus.OPEN: "待付款, 待支付, 未付款, 未支付, 待处理, 处理中, 进行中, 新订单, 已下单, 待确认, new, pending, unpaid, placed, "
        "created, processing, in progress, awaiting payment, confirmed, offen, neu, in Bearbeitung, unbezahlt, en attente, en cours, "
        "abierto, pendiente, aperto",
        OrderStatus.PAID: "已付款, 已支付, 付款成功, 待发货, payment received, bezahlt, payé, payée, pagado, pagato, betaald",
        OrderStatus.SHIPPED: "已发货, 已出库, 运输中, 配送中, 待收货, dispatched, sent, in transit, on the way, versandt, verschickt, "
        "versendet, expédié, expédiée, envoyé, enviado, spedito, verzonden",
        OrderStatus.COMPLETED: "已完成, 完成, 交易成功, 交易完成, 已签收, 已收货, 已送达, 已结束, complete, done, delivered, fulfilled, "
        "finished, closed, abgeschlossen, erledigt, geliefert, zugestellt, terminé, terminée, livré, livrée, completado, entregado, "
        "completato, consegnato, voltooid",
        OrderStatus.CANCELLED: "已取消, 取消, 交易关闭, 已关闭, 作废, 已作废, canceled, cancel, void, voided, storniert, abgebrochen, "
        "annulé, annulée, cancelado, anulado, annullato, geannuleerd",
        OrderStatus.REFUNDED: "已退款, 退款, 退款成功, 已退货, 退货, refund, returned, erstattet, zurückerstattet, retourniert, "
        "remboursé, remboursée, reembolsado, rimborsato, terugbetaald",
    },
    PaymentMethod: {
        PaymentMethod.CASH: "现金, 现付, bar, Barzahlung, Bargeld, espèces, comptant, efectivo, contanti, contant, COD, "
        "cash on delivery, 货到付款",
        PaymentMethod.CARD: "刷卡, 银行卡, 信用卡, 借记卡, 银联, credit card, debit card, bank card, Visa, Mastercard, Amex, "
        "American Express, Maestro, UnionPay, Kreditkarte, Karte, Kartenzahlung, EC-Karte, Girocard, carte, carte bancaire, "
        "carte de crédit, CB, tarjeta, tarjeta de crédito, carta, carta di credito",
        PaymentMethod.BANK_TRANSFER: "银行转账, 转账, 对公转账, 电汇, 汇款, transfer, wire, wire transfer, T/T, SEPA transfer, "
        "Überweisung, Banküberweisung, Vorkasse, virement, virement bancaire, transferencia, transferencia bancaria, bonifico",
        PaymentMethod.DIRECT_DEBIT: "代扣, 自动扣款, 直接借记, debit, SEPA direct debit, SEPA, Lastschrift, Bankeinzug, "
        "SEPA-Lastschrift, prélèvement, prélèvement automatique, domiciliación, adeudo directo, addebito diretto",
        PaymentMethod.ALIPAY: "支付宝, 支付宝支付, Ali Pay, zhifubao",
        PaymentMethod.WECHAT_PAY: "微信支付, 微信, 微信付款, 微信转账, wechat, WeChatPay, weixin, Weixin Pay, wxpay",
        PaymentMethod.PAYPAL: "贝宝, Pay Pal",
        PaymentMethod.INVOICE: "月结, 账期, 挂账, 赊账, 发票, on account, on invoice, purchase on account, net 30, Rechnung, "
        "auf Rechnung, Kauf auf Rechnung, facture, sur facture, factura, fattura",
        PaymentMethod.OTHER: "其他, 其它, others, sonstige, sonstiges, andere, autre, otro, otros, altro",
    },
    Channel: {
        Channel.PHONE: "电话, 手机, 来电, 去电, 通话, call, phone call, telephone, tel, mobile, Telefon, Anruf, telefonisch, "
        "téléphone, appel, teléfono, llamada, telefono, chiamata",
        Channel.EMAIL: "邮件, 电子邮件, 邮箱, 电邮, mail, E-Mail, courriel, correo, correo electrónico, posta elettronica",
        Channel.CHAT: "微信, 企业微信, 在线客服, 聊天, 在线, 短信, QQ, 钉钉, wechat, WhatsApp, live chat, message, messenger, SMS, "
        "text message, instant message, Nachricht, clavardage, mensaje",
        Channel.VISIT: "拜访, 上门, 上门拜访, 面谈, 到访, 到店, 会议, meeting, in person, on site, face to face, store visit, Besuch, "
        "persönlich, Vor-Ort-Termin, Termin, Treffen, visite, rendez-vous, visita, reunión, visita in loco",
        Channel.OTHER: "其他, 其它, others, sonstige, sonstiges, andere, autre, otro, altro",
    },
    Direction: {
        Direction.INBOUND: "呼入, 来电, 来访, 客户来电, 接入, 接收, in, incoming, received, eingehend, Eingang, entrant, entrante, "
        "in entrata, from customer",
        Direction.OUTBOUND: "呼出, 去电, 外呼, 拜访, 发出, 主动联系, out, outgoing, sent, made, ausgehend, Ausgang, sortant, saliente, "
        "in uscita, to customer",
    },
    FollowUp: {
        FollowUp.OPEN: "待跟进, 跟进中, 未跟进, 需跟进, 未完成, 进行中, 未关闭, 待处理, pending, to do, todo, in progress, needed, offen, "
        "ausstehend, ouvert, à faire, en attente, en cours, abierto, pendiente, aperto",
        FollowUp.CLOSED: "已跟进, 已完成, 完成, 已关闭, 关闭, 无需跟进, 已处理, done, complete, completed, finished, resolved, erledigt, "
        "abgeschlossen, geschlossen, fermé, terminé, fait, cerrado, hecho, chiuso",
    },
    NeedStatus: {
        NeedStatus.OPEN: "待满足, 未满足, 未匹配, 待匹配, 新需求, 进行中, 跟进中, 待处理, new, pending, unmet, unmatched, in progress, "
        "offen, neu, ouvert, en cours, en attente, abierto, pendiente, aperto",
        NeedStatus.MATCHED: "已匹配, 匹配, 已推荐, 已报价, match, offered, quoted, proposed, passend, gefunden, angeboten, trouvé, "
        "proposé, encontrado, ofrecido, trovato",
        NeedStatus.CLOSED: "已满足, 已成交, 已关闭, 关闭, 已完成, 已取消, 已放弃, done, completed, won, lost, fulfilled, cancelled, "
        "canceled, dropped, erledigt, geschlossen, abgeschlossen, fermé, terminé, abandonné, cerrado, chiuso",
    },
}

_TRUE = "true, t, yes, y, 1, on, 是, 对, 真, 有, 是的, ja, j, wahr, oui, o, vrai, sí, s, sim, verdadero, vero, tak, ✓, ✔, √, ☑, ✅"
_FALSE = "false, f, no, n, 0, off, 否, 不, 错, 假, 不是, 没有, nein, falsch, non, faux, não, nao, falso, nie, nee, ✗, ✘, ☐, ❌"
#: Ticks and crosses are no letters, so folding would leave nothing of them.
_BOOLEANS = {
    **{folded(each) or each: True for each in _TRUE.split(", ")},
    **{folded(each) or each: False for each in _FALSE.split(", ")},
}
_NOT_BOOLEAN = Fault(Code.UNKNOWN_WORD, "It is neither a yes nor a no.", "One of: yes, no, true, false, 1, 0, 是, 否.")


def word(text: str, words: type[Word]) -> Word | Fault:
    """The member of `words` that the text says, in any of the languages above; UNKNOWN_WORD, which lists the members."""
    found = _word(text, words) if len(text) <= _LONGEST else _unknown(words)
    return found if isinstance(found, Fault) else words(found)


def boolean(text: str) -> bool | Fault:
    """Yes or no, however it is written; UNKNOWN_WORD."""
    line = plain(text) if len(text) <= _LONGEST else ""
    if isinstance(line, Fault):
        return line
    return _BOOLEANS.get(folded(line) or line, _NOT_BOOLEAN)


@lru_cache(maxsize=8_192)
def _word(text: str, words: type[StrEnum]) -> StrEnum | Fault:
    line = plain(text)
    return line if isinstance(line, Fault) else _members(words).get(folded(line)) or _unknown(words)


@cache
def _members(words: type[StrEnum]) -> Mapping[str, StrEnum]:
    found = {folded(synonym): member for member, synonyms in _SYNONYMS.get(words, {}).items() for synonym in synonyms.split(", ")}
    return {**found, **{folded(member): member for member in words}}


@cache
def _unknown(words: type[StrEnum]) -> Fault:
    return Fault(Code.UNKNOWN_WORD, "It is none of the words that are known here.", f"One of: {', '.join(words)}.")
