package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// yclientsNames are the only names an Authority may vouch for.
var yclientsNames = []string{"yclients.com", "yclients.ru"}

// authorityLife is how long an Authority's certificates are good: a working quarter, so that one left behind in a
// machine's roots soon means nothing.
const authorityLife = 90 * 24 * time.Hour

// Authority vouches for a sandbox that stands in for YCLIENTS under YCLIENTS' own names, for clients whose address is
// compiled in: an entry in the hosts file leads them here, and its certificate among their roots makes them believe.
//
// It may vouch for yclients.com, yclients.ru and what is below them, for no other name and no address. The key it signed
// with is forgotten as soon as it has signed the one certificate, whose key never leaves this process. So whoever trusts
// it trusts nobody else with anything.
type Authority struct {
	root *x509.Certificate
	leaf tls.Certificate
}

// NewAuthority makes an Authority whose certificates begin an hour before now, for clocks that are a little behind.
func NewAuthority(now time.Time) (*Authority, error) {
	root, rootKey, err := newRoot(now)
	if err != nil {
		return nil, err
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "api.yclients.com (Zapis sandbox)"},
		NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range yclientsNames {
		leaf.DNSNames = append(leaf.DNSNames, name, "*."+name)
	}
	if leaf, err = sign(leaf, root, &key.PublicKey, rootKey); err != nil {
		return nil, err
	}
	return &Authority{root: root, leaf: tls.Certificate{Certificate: [][]byte{leaf.Raw, root.Raw}, PrivateKey: key, Leaf: leaf}}, nil
}

// newRoot makes a root that is held to the names of YCLIENTS.
func newRoot(now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	every := func(bits int) *net.IPNet { return &net.IPNet{IP: make(net.IP, bits/8), Mask: net.CIDRMask(0, bits)} }
	root := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Zapis sandbox, not YCLIENTS", Organization: []string{"Zapis sandbox"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: yclientsNames,
		PermittedEmailAddresses: []string{"nobody@yclients.com"}, PermittedURIDomains: []string{"yclients.com"},
		ExcludedIPRanges: []*net.IPNet{every(32), every(128)},
	}
	root, err = sign(root, root, &key.PublicKey, key)
	return root, key, err
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key for the sandbox: %w", err)
	}
	return key, nil
}

func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, by *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("number a certificate: %w", err)
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// PEM is the authority's certificate, without any key, as files of roots have it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
}

// Names lists what its certificate is good for.
func (a *Authority) Names() []string { return a.leaf.Leaf.DNSNames }

// Config is for a listener that speaks as YCLIENTS.
func (a *Authority) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{a.leaf}, NextProtos: []string{"http/1.1"}}
}
