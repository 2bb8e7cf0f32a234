#!/bin/sh
# Makes the certificates of the tests with the openssl program: a CA and what it signs.
# usage: tools/gen_certs.sh FOLDER
#   ca.pem                  trusted by the tests; other-ca.pem is trusted by nobody
#   server.pem, .key        localhost, 127.0.0.1, ::1; leaf and CA in one file
#   rsa.pem, .key           the same names with an RSA key
#   other.pem, .key         other.test and *.wild.test
#   wrong-host.pem, .key    wrong.test only
#   expired.pem, .key       localhost, ended in 2021;  future.pem: begins in 2090
#   stranger.pem, .key      localhost, signed by other-ca.pem;  self.pem: signed by itself
#   client.pem, .key        CN=client
#   NAME.pin                sha256//... of its public key, as curl and weft pin it
# A folder that is complete already is left as it is, so several may call this at once: the files
# are made beside the folder, which then gets its name in one step.
set -eu

[ $# -eq 1 ] || {
    echo "usage: tools/gen_certs.sh FOLDER" >&2
    exit 2
}
folder=$1

# All are there, and good for three months more.
is_complete() {
    [ -e "$folder/server.pin" ] &&
        openssl x509 -checkend 7776000 -noout -in "$folder/server.pem" >/dev/null 2>&1
}
! is_complete || exit 0

mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$work/log

quietly() {
    "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        echo "tools/gen_certs.sh: failed: $*" >&2
        exit 1
    }
}

ec_key() {
    quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key"
}

# authority NAME SUBJECT: a certificate that signs others.
authority() {
    ec_key "$1"
    quietly openssl req -x509 -new -key "$work/$1.key" -subj "$2" -days 3650 -out "$work/$1.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

# `openssl ca` is the one command of OpenSSL 3.0 that takes both dates.
config() {
    cat <<CONFIG
[ca]
default_ca = it
[it]
database = $work/$1.index
new_certs_dir = $work
certificate = $work/$1.pem
private_key = $work/$1.key
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
CONFIG
}

# signed NAME AUTHORITY SUBJECT NAMES PURPOSE [BEGIN END]: asks, and gets; the key is there.
signed() {
    [ -e "$work/$2.conf" ] || {
        config "$2" >"$work/$2.conf"
        : >"$work/$2.index"
    }
    quietly openssl req -new -key "$work/$1.key" -subj "$3" -addext "subjectAltName=$4" \
        -addext "extendedKeyUsage=$5" -addext basicConstraints=critical,CA:FALSE \
        -addext keyUsage=critical,digitalSignature \
        -addext crlDistributionPoints=URI:http://crl.test/weft.crl -out "$work/$1.csr"
    quietly openssl ca -batch -notext -config "$work/$2.conf" -in "$work/$1.csr" \
        -startdate "${6:-$yesterday}" -enddate "${7:-$in_a_year}" -out "$work/$1.leaf"
    cat "$work/$1.leaf" "$work/$2.pem" >"$work/$1.pem"
}

# What is valid for longer than browsers and testssl.sh like is not what servers have.
yesterday=$(date -u -d '-1 day' +%Y%m%d000000Z)
in_a_year=$(date -u -d '+365 days' +%Y%m%d000000Z)
local_names=DNS:localhost,IP:127.0.0.1,IP:::1
authority ca "/CN=weft test CA"
authority other-ca "/CN=weft other CA"
for name in server other wrong-host expired future stranger self client; do
    ec_key "$name"
done
quietly openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/rsa.key"

signed server ca /CN=localhost $local_names serverAuth
signed rsa ca /CN=localhost $local_names serverAuth
signed other ca /CN=other.test "DNS:other.test,DNS:*.wild.test" serverAuth
signed wrong-host ca /CN=wrong.test DNS:wrong.test serverAuth
signed expired ca /CN=expired $local_names serverAuth 20200101000000Z 20210101000000Z
signed future ca /CN=future $local_names serverAuth 20900101000000Z 20950101000000Z
signed stranger other-ca /CN=stranger $local_names serverAuth
signed client ca /CN=client DNS:client.test clientAuth
quietly openssl req -x509 -new -key "$work/self.key" -subj /CN=self -days 3650 \
    -addext "subjectAltName=$local_names" -out "$work/self.pem"

for key in "$work"/*.key; do
    digest=$(openssl pkey -in "$key" -pubout -outform DER | openssl dgst -sha256 -binary |
        openssl base64 -A)
    echo "sha256//$digest" >"${key%.key}.pin"
done

# The keys of the authorities sign nothing more.
rm -f "$log" "$work"/*.csr "$work"/*.leaf "$work"/*.conf "$work"/*.index* "$work"/ca.key \
    "$work"/other-ca.key
find "$work" -name '[0-9A-F]*.pem' -exec rm -f {} +
chmod 755 "$work"
# Another one may have been faster: its folder is as good.
is_complete || rm -rf "$folder"
mv -T "$work" "$folder" 2>/dev/null || is_complete
