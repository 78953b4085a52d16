#!/bin/sh
# Runs inside the new root, as mmdebstrap's last step, with this folder as its argument.
#
# Debian's own Python lives in /usr and sends `pip install` to dist-packages, and `pip install --prefix=/install` to
# /install/local/lib/python3.11/dist-packages. A Dockerfile written for the official image then copies folders that are empty, and
# the candidate gets the blame. So Debian's Python is not installed but unpacked into /usr/local, where the official image has its own.
set -eu
cd "$1"

# Authorities first: the mirror itself may speak through a company's proxy.
if ls authorities/*.crt >/dev/null 2>&1; then
    cp authorities/*.crt /usr/local/share/ca-certificates/
fi
update-ca-certificates >/dev/null 2>&1
cp pip.conf /etc/pip.conf

mkdir packages tree
cd packages
apt-get -q download \
    python3.11 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libpython3.11-dev python3.11-venv \
    python3-distutils python3-lib2to3 python3-pip-whl python3-setuptools-whl python3-wheel-whl >/dev/null
for package in *.deb; do
    dpkg-deb -x "$package" ../tree
done
cd ..

mkdir -p /usr/local/bin /usr/local/lib /usr/local/include
cp -a tree/usr/bin/python3.11 /usr/local/bin/
cp -a tree/usr/lib/python3.11 /usr/local/lib/
cp -a tree/usr/include/. /usr/local/include/
ln -s python3.11 /usr/local/bin/python3
ln -s python3 /usr/local/bin/python
/usr/local/bin/python3 -I -S -B upstream_layout.py /usr/local/lib/python3.11 tree/usr/share/python-wheels

# pip installs itself from its own wheel; no index is asked.
wheels=/usr/local/lib/python3.11/ensurepip/_bundled
/usr/local/bin/python3 "$(ls $wheels/pip-*.whl)/pip" install -q --no-index --no-compile --root-user-action ignore $wheels/*.whl
find /usr/local -depth -name __pycache__ -exec rm -rf {} +
