package api

import (
	"net/http"
	"strings"
	"testing"

	"example.com/beacon/internal/rbac"
)

// Every role meets every guarded route. What is expected comes from the role
// table; what is tested is that the routes really ask it.
func TestRBACIsAskedOnEveryRoute(t *testing.T) {
	h := newHarness(t)
	admin := h.signUp(t, "acme")
	tokens := map[rbac.Role]string{rbac.Admin: admin}
	for _, role := range []rbac.Role{rbac.Operator, rbac.Viewer, rbac.Agent} {
		tokens[role] = h.join(t, "acme", admin, role)
	}
	denied, allowed := 0, 0
	for _, route := range h.routes() {
		if route.permission == "" {
			continue
		}
		path := strings.NewReplacer("{org}", "acme", "{alert}", "none").Replace(route.pattern)
		for role, token := range tokens {
			code := h.call(route.method, path, token, "{}").Code
			if want := role.Allows(route.permission); want == (code == http.StatusForbidden) {
				t.Errorf("%s: %s %s: got %d, allowed should be %v", role, route.method, path, code, want)
			} else if want {
				allowed++
			} else {
				denied++
			}
		}
	}
	if denied == 0 || allowed == 0 {
		t.Errorf("hollow: %d denied, %d allowed", denied, allowed)
	}
}

func TestRBACDeniedRequestChangesNothing(t *testing.T) {
	h := newHarness(t)
	admin := h.signUp(t, "acme")
	viewer := h.join(t, "acme", admin, rbac.Viewer)
	before := h.call("GET", "/api/orgs/acme/members", admin, "").Body.String()

	wantStatus(t, h.call("POST", "/api/orgs/acme/members", viewer, `{"name":"me","role":"admin"}`), http.StatusForbidden)

	if after := h.call("GET", "/api/orgs/acme/members", admin, "").Body.String(); after != before {
		t.Errorf("members changed:\nbefore %s\nafter  %s", before, after)
	}
}

func TestRBACUnknownRoleCannotBeGranted(t *testing.T) {
	h := newHarness(t)
	admin := h.signUp(t, "acme")
	wantStatus(t, h.call("POST", "/api/orgs/acme/members", admin, `{"name":"x","role":"root"}`), http.StatusBadRequest)
}
