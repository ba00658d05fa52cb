package pages

import (
	"net/url"

	"github.com/a-h/templ"
)

// accountSheets are the style sheets of all pages about accounts.
var accountSheets = []string{"account"}

// SetupData is the page of a one-time link: an account or a new password is made there.
type SetupData struct {
	Page
	Token       string
	Name        string
	Role        string
	First       bool // there is no account yet
	Renew       bool // a new password of the account Name
	Dead        bool // the link is good for nothing
	MinPassword int  // characters

	Fault string // what is wrong, and with which field
	Field string
}

func (d SetupData) stand() string {
	switch {
	case d.Dead:
		return d.t("account.setup.dead")
	case d.Renew:
		return d.t("account.renew.stand", "name", d.Name)
	case d.First:
		return d.t("account.setup.first")
	}
	return d.t("account.setup.invited." + d.Role)
}

// SignInData is where instructors sign in.
type SignInData struct {
	Page
	Next  string // path inside the lab where they go then
	Name  string
	Keep  bool
	Fault string

	Provider string // host of the one that lets people sign in; "" for none
}

// ask is where the provider is asked.
func (d SignInData) ask() string {
	to := d.url("oidc/signin")
	if d.Next != "" {
		to += "?" + url.Values{"next": {d.Next}}.Encode()
	}
	return to
}

// AccountData is somebody's own account.
type AccountData struct {
	Page
	Name, Role  string
	Admin       bool
	HasPassword bool
	MinPassword int

	Done         string // what was just done
	Fault, Field string
}

// AccountsData is the list of all accounts, for admins.
type AccountsData struct {
	Page
	Accounts      []AccountRow
	Done          string
	Link, LinkFor string // a link that was just made, and what it is for
}

// An AccountRow is one of them.
type AccountRow struct {
	ID, Name, Role, Made string
	Disabled, Own        bool
}

// invalid marks a field whose fault stands above.
func invalid(yes bool) templ.Attributes {
	if !yes {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-errormessage": "fault"}
}
