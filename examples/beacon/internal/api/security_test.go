package api

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/beacon/internal/rbac"
	"example.com/beacon/internal/tenant"
)

func TestSecurityEveryGuardedRouteNeedsAToken(t *testing.T) {
	h := newHarness(t)
	good := h.signUp(t, "acme")
	tokens := map[string]string{
		"none":             "",
		"no secret":        "acme.",
		"no organisation":  ".secret-1",
		"wrong secret":     "acme.secret-9",
		"unknown org":      "nobody.secret-1",
		"path in the name": "../acme.secret-1",
		"secret alone":     "secret-1",
	}
	guarded := 0
	for _, route := range h.routes() {
		if route.permission == "" {
			continue
		}
		guarded++
		path := strings.NewReplacer("{org}", "acme", "{alert}", "id-1").Replace(route.pattern)
		for name, token := range tokens {
			answer := h.call(route.method, path, token, "{}")
			if answer.Code != http.StatusUnauthorized || answer.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s with %s: got %d", route.method, path, name, answer.Code)
			}
		}
		if answer := h.call(route.method, path, good, "{}"); answer.Code == http.StatusUnauthorized {
			t.Errorf("%s %s refused a good token", route.method, path)
		}
	}
	if guarded == 0 {
		t.Fatal("no guarded route was checked")
	}
}

// An organisation whose signup is one step short of its end has a directory
// and an access list with an admin in it, but nobody may log in to it yet.
func TestSecurityUnfinishedTenantAdmitsNobody(t *testing.T) {
	h := newHarness(t)
	org, err := tenant.ParseID("acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Tenants.Create(org); err != nil {
		t.Fatal(err)
	}
	access, err := h.Access.Create(org)
	if err != nil {
		t.Fatal(err)
	}
	if err := access.Grant(rbac.Member{ID: "id-1", Name: "ops", Role: rbac.Admin}, "secret-1"); err != nil {
		t.Fatal(err)
	}
	if err := h.Access.Forget(org); err != nil {
		t.Fatal(err)
	}

	wantStatus(t, h.call("GET", "/api/orgs/acme/alerts", "acme.secret-1", ""), http.StatusUnauthorized)
	if n := h.Access.OpenHandles(); n != 0 {
		t.Errorf("a stranger's request opened %d access lists", n)
	}

	if err := h.Tenants.Activate(tenant.Profile{Org: org}); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, h.call("GET", "/api/orgs/acme/alerts", "acme.secret-1", ""), http.StatusOK)
}

func TestSecurityHeadersAreOnEveryAnswer(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{"/healthz", "/metrics", "/api/orgs/acme/alerts", "/nowhere", "/api/public/signup"} {
		header := h.call("GET", path, "", "").Header()
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestSecurityBodiesAreLimitedAndStrict(t *testing.T) {
	h := newHarness(t)
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"too long":      {`{"org":"` + strings.Repeat("a", maxBody) + `"}`, http.StatusRequestEntityTooLarge},
		"unknown field": {`{"org":"acme","contact":"a@acme.test","role":"admin"}`, http.StatusBadRequest},
		"two values":    {`{"org":"acme","contact":"a@acme.test"}{}`, http.StatusBadRequest},
		"traversal":     {`{"org":"../acme","contact":"a@acme.test"}`, http.StatusBadRequest},
		"no name":       {`{"contact":"a@acme.test"}`, http.StatusBadRequest},
		"no address":    {`{"org":"acme","contact":"acme"}`, http.StatusBadRequest},
		"empty":         {``, http.StatusBadRequest},
	} {
		if got := h.call("POST", "/api/public/signup", "", c.body).Code; got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
	if entries, err := os.ReadDir(h.dir); err != nil || len(entries) != 0 {
		t.Errorf("refused signups left %v, %v", entries, err)
	}
}

func TestSecurityDownloadServesOnlyAgents(t *testing.T) {
	h := newHarness(t)
	for name, text := range map[string]string{"beacon-agent-linux-amd64": "ELF, say", "private.key": "hush"} {
		if err := os.WriteFile(filepath.Join(h.AgentDir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	answer := h.call("GET", "/download/agent", "", "")
	wantStatus(t, answer, http.StatusOK)
	if answer.Body.String() != "ELF, say" || answer.Header().Get("X-Checksum-Sha256") == "" {
		t.Errorf("got %q with %v", answer.Body, answer.Header())
	}
	wantStatus(t, h.call("GET", "/download/agent?arch=arm64", "", ""), http.StatusNotFound)
	for _, arch := range []string{"../private.key", "private.key", "..%2fprivate.key", "AMD64"} {
		wantStatus(t, h.call("GET", "/download/agent?arch="+arch, "", ""), http.StatusBadRequest)
	}
}

func TestSecurityPanicsTellTheCallerNothing(t *testing.T) {
	h := newHarness(t)
	h.NewSecret = func() string { panic("entropy pool on fire") }
	answer := h.call("POST", "/api/public/signup", "", `{"org":"acme","contact":"ops@acme.test"}`)
	wantStatus(t, answer, http.StatusInternalServerError)
	if strings.Contains(answer.Body.String(), "entropy") {
		t.Errorf("the cause reached the caller: %s", answer.Body)
	}
	if !strings.Contains(h.log.String(), "entropy pool on fire") {
		t.Errorf("the cause is not in the log: %q", h.log)
	}
}

func TestSecuritySecretsReachNoLogAndNoDisk(t *testing.T) {
	h := newHarness(t)
	token := h.signUp(t, "acme")
	h.call("GET", "/api/orgs/acme/alerts", token, "")
	_, secret, _ := strings.Cut(token, ".")
	if strings.Contains(h.log.String(), secret) {
		t.Error("the log holds the secret")
	}
	list, err := os.ReadFile(filepath.Join(h.dir, "acme", "rbac.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(list), secret) {
		t.Error("the access list holds the secret itself")
	}
}
