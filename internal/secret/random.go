package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// Prefixes of our ids. An id is the prefix, a dash and 26 characters.
const (
	BookingID = "b"
	PersonID  = "p"
	IntentID  = "i"
	FamilyID  = "f"
)

// Prefixes of our tokens. A token is the prefix, an underscore and 43 characters.
const (
	AccessToken   = "za"
	RefreshToken  = "zr"
	BookingSecret = "zs"
)

// crockford is base 32 without i, l, o and u, in lower case: read aloud and typed without mistakes.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes an id with 128 random bits: NewID(BookingID) gives b-….
func NewID(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return prefix + "-" + crockford.EncodeToString(b[:])
}

// NewToken makes a bearer token with 256 random bits: NewToken(AccessToken) gives za_…. It is handed out once
// and stored only as HashToken of it.
func NewToken(prefix string) String {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return Text(prefix + "_" + base64.RawURLEncoding.EncodeToString(b[:]))
}

// IsToken reports whether text has the form of a token with this prefix; whether it is good only the store knows.
func IsToken(prefix, text string) bool {
	body, ok := strings.CutPrefix(text, prefix+"_")
	if !ok || len(body) != 43 {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(body)
	return err == nil
}

// HashToken is what the store keeps of a token: SHA-256 in hex. No salt: 256 random bits cannot be guessed.
func HashToken(token String) string {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return hex.EncodeToString(sum[:])
}

// NewAPIID makes the mark we leave in a record of YCLIENTS: a decimal number of 52 random bits, never zero, so
// that it survives every JSON reader that keeps numbers as float64.
func NewAPIID() string {
	for {
		var b [8]byte
		_, _ = rand.Read(b[:])
		if n := binary.BigEndian.Uint64(b[:]) >> 12; n != 0 {
			return strconv.FormatUint(n, 10)
		}
	}
}
