"""What our mails say, in Chinese and in English: an invitation, a new password, and that a password was changed."""

from __future__ import annotations

from tenants.mail import Letter, link

#: Where the frontend takes tokens in.
INVITATION_PAGE, PASSWORD_PAGE = "invitation", "password"


def invitation(to: str, tenant: str, token: str) -> Letter:
    at = link(INVITATION_PAGE, token)
    return Letter(
        to,
        f"{tenant} 邀请您加入 / invites you",
        f"""您好！

{tenant} 邀请您使用客户管理系统。请在七天内打开此链接接受邀请：

{at}

如果您没有等待此邀请，请忽略本邮件。

---

Hello,

{tenant} invites you to its customer records. To accept, open this link within seven days:

{at}

If you do not expect this, ignore this mail.
""",
    )


def new_password(to: str, token: str) -> Letter:
    at = link(PASSWORD_PAGE, token)
    return Letter(
        to,
        "设置新密码 / A new password",
        f"""您好！

有人请求为您的账户设置新密码。如果是您本人，请在一小时内打开此链接：

{at}

如果不是您，请忽略本邮件，您的密码不会改变。

---

Hello,

somebody asked for a new password for your account. If it was you, open this link within an hour:

{at}

If it was not you, ignore this mail: your password stays as it is.
""",
    )
