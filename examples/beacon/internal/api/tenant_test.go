package api

import (
	"net/http"
	"strings"
	"testing"

	"example.com/beacon/internal/rbac"
)

const hot = `{"agent":"web-1","version":"1.0.0","metrics":{"cpu_percent":97}}`

func TestTenantCannotReachAnother(t *testing.T) {
	h := newHarness(t)
	acme, globex := h.signUp(t, "acme"), h.signUp(t, "globex")
	agent := h.join(t, "acme", acme, rbac.Agent)
	wantStatus(t, h.call("POST", "/api/orgs/acme/heartbeats", agent, hot), http.StatusNoContent)

	checked := 0
	for _, route := range h.routes() {
		if route.permission == "" {
			continue
		}
		checked++
		path := strings.NewReplacer("{org}", "acme", "{alert}", "id-4").Replace(route.pattern)
		foreign := h.call(route.method, path, globex, hot)
		missing := h.call(route.method, strings.Replace(path, "acme", "nobody", 1), globex, hot)
		wantStatus(t, foreign, http.StatusNotFound)
		// The same answer for "not yours" and "not there", to the byte.
		if foreign.Body.String() != missing.Body.String() {
			t.Errorf("%s tells a stranger that acme exists: %s", path, foreign.Body)
		}
	}
	if checked == 0 {
		t.Fatal("no route was checked")
	}
	if body := h.call("GET", "/api/orgs/acme/alerts", acme, "").Body.String(); !strings.Contains(body, "cpu-high") {
		t.Errorf("acme's alert is gone: %s", body)
	}
	if body := h.call("GET", "/api/orgs/globex/alerts", globex, "").Body.String(); body != "{\"alerts\":[]}\n" {
		t.Errorf("globex sees %s", body)
	}
}

func TestTenantNamesStayOutOfPublicMetrics(t *testing.T) {
	h := newHarness(t)
	h.signUp(t, "acme")
	body := h.call("GET", "/metrics", "", "").Body.String()
	if !strings.Contains(body, "beacon_tenants 1\n") || strings.Contains(body, "acme") {
		t.Errorf("got %s", body)
	}
}
