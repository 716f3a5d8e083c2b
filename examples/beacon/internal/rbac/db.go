package rbac

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// File is what a database needs of its file. It is an interface so that tests
// can make the disk fail at a chosen call and count the handles themselves.
type File interface {
	io.Reader
	io.Writer
	io.Closer
	Sync() error
}

// Member is one entry of an organisation's access list.
type Member struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role Role   `json:"role"`
}

// record is one line of the file.
type record struct {
	Member
	// TokenSHA256 and not the token: who reads the file cannot log in with
	// it. Tokens carry 128 random bits, so no slow hash is needed.
	TokenSHA256 string `json:"token_sha256"`
}

// DB is one organisation's access list: an append-only file of JSON lines,
// held open, and an index of it in memory.
type DB struct {
	mu      sync.RWMutex
	file    File
	members []Member
	byToken map[string]Member
}

// load replays the file. It closes the file when it fails, since its caller
// then has no DB to close.
func load(file File) (*DB, error) {
	db := &DB{file: file, byToken: map[string]Member{}}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		var entry record
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			return nil, errors.Join(fmt.Errorf("access list, line %d: %w", n, err), file.Close())
		}
		if !entry.Role.Valid() {
			return nil, errors.Join(fmt.Errorf("access list, line %d: unknown role %q", n, entry.Role), file.Close())
		}
		db.index(entry)
	}
	if err := lines.Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("read access list: %w", err), file.Close())
	}
	return db, nil
}

// Grant adds a member who logs in with the secret. The member is known only
// after the line has reached the disk.
func (db *DB) Grant(member Member, secret string) error {
	if !member.Role.Valid() {
		return fmt.Errorf("grant: unknown role %q", member.Role)
	}
	entry := record{Member: member, TokenSHA256: digest(secret)}
	line, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if _, err := db.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	if err := db.file.Sync(); err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	db.index(entry)
	return nil
}

// Lookup finds the member to whom the secret belongs. It looks for the
// secret's hash, so that timing says nothing about a stored secret.
func (db *DB) Lookup(secret string) (Member, bool) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	member, found := db.byToken[digest(secret)]
	return member, found
}

// Members returns all members in the order in which they were granted.
func (db *DB) Members() []Member {
	db.mu.RLock()
	defer db.mu.RUnlock()
	return append([]Member{}, db.members...)
}

// close waits for a running Grant: a handle is never pulled from under it.
func (db *DB) close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.file.Close()
}

func (db *DB) index(entry record) {
	db.members = append(db.members, entry.Member)
	db.byToken[entry.TokenSHA256] = entry.Member
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
