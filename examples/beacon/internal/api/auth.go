package api

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"example.com/beacon/internal/monitoring"
	"example.com/beacon/internal/rbac"
	"example.com/beacon/internal/tenant"
)

// caller is who a request comes from, and the one organisation it may touch.
type caller struct {
	org    tenant.ID
	member rbac.Member
	access *rbac.DB
	view   monitoring.View
}

type scopedHandler func(http.ResponseWriter, *http.Request, caller)

// guard asks three questions in this order: who are you (401), is that your
// organisation (404, as if it did not exist: its existence is nobody else's
// business), may you do this (403).
func (s *Server) guard(need rbac.Permission, next scopedHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, known := s.authenticate(r)
		if !known {
			w.Header().Set("WWW-Authenticate", `Bearer realm="beacon"`)
			fail(w, http.StatusUnauthorized, "unauthenticated", "a valid token is required")
			return
		}
		if chi.URLParam(r, "org") != who.org.String() {
			notFound(w)
			return
		}
		if !who.member.Role.Allows(need) {
			fail(w, http.StatusForbidden, "forbidden", "your role lacks "+string(need))
			return
		}
		next(w, r, who)
	}
}

// authenticate reads a token, "ORG.SECRET". Every way to fail gives the same
// answer, so that nobody learns which organisations exist.
func (s *Server) authenticate(r *http.Request) (caller, bool) {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	name, secret, isPair := strings.Cut(token, ".")
	if !isBearer || !isPair || secret == "" {
		return caller{}, false
	}
	org, err := tenant.ParseID(name)
	// Active comes before Open: the access list of a signup that is still
	// running must not be opened by anybody but that signup.
	if err != nil || !s.Tenants.Active(org) {
		return caller{}, false
	}
	access, err := s.Access.Open(org)
	if err != nil {
		s.Log.Error("authenticate", "org", org.String(), "cause", err)
		return caller{}, false
	}
	member, known := access.Lookup(secret)
	if !known {
		return caller{}, false
	}
	return caller{org: org, member: member, access: access, view: s.Alerts.For(org)}, true
}

func bearer(org tenant.ID, secret string) string { return org.String() + "." + secret }
