package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/mail"

	"example.com/beacon/internal/rbac"
	"example.com/beacon/internal/tenant"
)

type signupRequest struct {
	Org     tenant.ID `json:"org"`
	Contact string    `json:"contact"`
}

type signupResponse struct {
	Org   tenant.ID `json:"org"`
	Token string    `json:"token"`
}

// signup makes an organisation and its first admin.
func (s *Server) signup(w http.ResponseWriter, r *http.Request) {
	var request signupRequest
	if !readJSON(w, r, &request) {
		return
	}
	if request.Org == (tenant.ID{}) {
		invalid(w, "org is required")
		return
	}
	if address, err := mail.ParseAddress(request.Contact); err != nil || address.Address != request.Contact {
		invalid(w, "contact must be a plain mail address")
		return
	}
	secret := s.NewSecret()
	err := s.provision(tenant.Profile{Org: request.Org, Contact: request.Contact}, secret)
	switch {
	case errors.Is(err, tenant.ErrExists):
		fail(w, http.StatusConflict, "exists", "that name is taken")
	case err != nil:
		s.Log.Error("signup", "org", request.Org.String(), "cause", err)
		internalError(w)
	default:
		writeJSON(w, http.StatusCreated, signupResponse{Org: request.Org, Token: bearer(request.Org, secret)})
	}
}

// provision makes an organisation completely or not at all. From the moment
// its directory exists every way out but the last, a panic included, leads
// through [Server.deprovision].
//
// A failure to create the directory is *before* that moment: the directory
// may be another signup's, and to remove it would destroy a stranger's data.
func (s *Server) provision(profile tenant.Profile, secret string) error {
	if err := s.Tenants.Create(profile.Org); err != nil {
		return err
	}
	complete := false
	defer func() {
		if !complete {
			s.deprovision(profile.Org)
		}
	}()

	access, err := s.Access.Create(profile.Org)
	if err != nil {
		return fmt.Errorf("create access list: %w", err)
	}
	admin := rbac.Member{ID: s.NewID(), Name: profile.Contact, Role: rbac.Admin}
	if err := access.Grant(admin, secret); err != nil {
		return fmt.Errorf("grant the first admin: %w", err)
	}
	if err := s.Tenants.Activate(profile); err != nil {
		return err
	}
	complete = true
	return nil
}

// deprovision is best effort: each step runs whatever became of the one
// before. The handle is closed first, since some file systems keep a
// directory alive for as long as a file in it is open.
func (s *Server) deprovision(org tenant.ID) {
	if err := s.Access.Forget(org); err != nil {
		s.Log.Error("signup clean-up", "org", org.String(), "step", "close access list", "cause", err)
	}
	if err := s.Tenants.Remove(org); err != nil {
		s.Log.Error("signup clean-up", "org", org.String(), "step", "remove directory", "cause", err)
	}
}
