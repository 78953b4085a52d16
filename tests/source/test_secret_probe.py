"""Credentials that lie in the tree are seen wherever they are written; placeholders, references and names are none."""

from __future__ import annotations

import pytest

from harness.source.probes import scan

LEAKS: list[tuple[str, str, str]] = [
    ("an environment in Kubernetes", "k8s/a.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - env:\n"
     "        - name: X_PASSWORD\n          value: hunter2prod91x\n"),
    ("a plain word in a deployment", "k8s/a.yaml", "kind: Pod\nspec: {containers: [{env: [{name: STORE_PASSWORD, value: opensesame}]}]}\n"),
    ("a short one", "Dockerfile", "FROM a:1\nENV STORE_PASSWORD=s3cr3t\n"),
    ("a key of a cloud", "prod.env", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzq81LmN0Zk\n"),
    ("the same in flow style", "k8s/a.yaml", "kind: Pod\nspec: {containers: [{env: [{name: STORE_TOKEN, value: 'q8Zt3mN1vB7c'}]}]}\n"),
    ("a Secret in base64", "k8s/s.yaml", "kind: Secret\ndata:\n  password: aHVudGVyMi1Qcm9kLTkx\n"),
    ("sixteen characters in .env", ".env", "DB_PASSWORD=tR7vq2LmX9pzK4wd\n"),
    ("a password in a URL", "app.py", "DSN = 'postgresql://fraud:S3cur3Pw@db.internal/audit'\n"),
    ("a default password for a real host", "prod.env", "DSN=postgresql://postgres:postgres@db.prod.internal/audit\n"),
    ("compose", "docker-compose.yml", "services:\n  api:\n    environment:\n      - DB_PASSWORD=Winter2025!\n"),
    ("compose, as a mapping", "docker-compose.yml", "services:\n  api:\n    environment:\n      DB_PASSWORD: 'Winter2025!'\n"),
    ("ENV of an image", "Dockerfile", "FROM a:1\nENV STORE_API_KEY=q8Zt3mN1vB7c\n"),
    ("ENV in the old form", "Dockerfile", "FROM a:1\nENV STORE_PASSWORD hunter2prod91\n"),
    ("ARG of an image", "Dockerfile", "FROM a:1\nARG DB_PASSWORD=hunter2prod91\n"),
    ("a default in code", "app.py", "import os\np = os.environ.get('DB_PASSWORD', 'Tr0ub4dor-and3')\n"),
    ("a default in JavaScript", "app.js", "const p = process.env.DB_PASSWORD || 'Tr0ub4dor-and3';\n"),
    ("an annotated field", "app.py", "class S:\n    db_password: str = 'Tr0ub4dor-and3'\n"),
    ("a JSON web token", "app.py", "T = 'eyJhbGciOiJIUzI1NiIsInR5cCI6.eyJzdWIiOiJmcmF1ZCIsImlh.3rD1vT5k0xQm8yHf2nW7cZ4p'\n"),
    ("a private key", "k8s/tls.pem", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n"),
    ("one in a string", "app.py", "K = '-----BEGIN RSA PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB\\n'\n"),
    ("a default that is used in production", "k8s/c.yaml", "kind: ConfigMap\ndata: {DSN: 'postgresql://ml:ml_password1@store.prod.internal/x'}\n"),
    ("an example far above", "app.py", "example = 1\ndef f():\n    password = 'Tr0ub4dor-and3'\n"),
    ("a notebook", "a.ipynb", '{"cells": [{"source": ["password = \\"hunter2prod91\\"\\n"]}]}'),
]  # fmt: skip
SAFE: list[tuple[str, str, str]] = [
    ("placeholders", ".env.sample.env", "DB_PASSWORD=changeme123\nAPI_TOKEN=<your-token-here-1>\nX_SECRET=example-secret-42\n"
     "TOKEN=xxxxxxxx1\nPW_PASSWORD=test1234\n"),
    ("an example file", ".env.example", "DB_PASSWORD=tR7vq2LmX9pzK4wd\n"),
    ("variables", "docker-compose.yml", "services:\n  api:\n    environment:\n      - DB_PASSWORD=${DB_PASSWORD}\n"
     "      - DSN=postgres://app:${PW}@db/x\n      - T=${API_TOKEN:-}\n"),
    ("an image's default on one's own machine", "docker-compose.yml", "services:\n"
     "  db: {environment: {POSTGRES_PASSWORD: postgres, MINIO_ROOT_PASSWORD: minioadmin1}}\n"
     "  api: {environment: {DSN: 'postgres://postgres:postgres@localhost:5432/x'}}\n"),
    ("a reference in Kubernetes", "k8s/a.yaml", "kind: Pod\n"
     "spec: {containers: [{env: [{name: X_PASSWORD, valueFrom: {secretKeyRef: {name: fraud-db-1, key: password}}}]}]}\n"),
    ("words that name where one is", "chart/values.yaml", "auth:\n  existingSecretPasswordKey: redis-password\n  passwordSecret: credentials\n"
     "  usePassword: true\n  REDIS_PASSWORD: null\n"),
    ("a database to develop with", "docker-compose.yml", "services: {db: {environment: {POSTGRES_PASSWORD: fraudster}}}\n"),
    ("a field", "app.py", "PASSWORD = 'password'\nlabels = {'PASSWORD': 'Passwort'}\n"),
    ("files and names", "k8s/a.yaml", "env:\n  - {name: FEATURE_STORE_TOKEN_FILE, value: /run/secrets/token1}\n"
     "  - {name: DB_SECRET_NAME, value: fraud-db-credentials-1}\n"),
    ("a sealed secret", "k8s/s.yaml", "kind: SealedSecret\nspec: {encryptedData: {note: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq}}\n"),
    ("an encrypted one", "k8s/s.yaml", "kind: Secret\nstringData:\n  password: ENC[AES256_GCM,data:Zm9v1234]\n"),
    ("a Secret to be filled", "k8s/s.yaml", "kind: Secret\nstringData:\n  password: REPLACE_ME_1\n"),
    ("a chart", "chart/templates/s.yaml", "kind: Secret\nstringData:\n  password: {{ .Values.password }}\n"),
    ("code that reads one", "app.py", "import os\ntoken = os.environ['FEATURE_STORE_TOKEN_1']\npassword = read_password_file(path1)\n"
     "def f(token: str = ''): ...\n"),
    ("names of fields", "app.py", "TOKEN_FIELD = 'x'\nheaders = {'token': 'transaction_id_v2'}\nmax_tokens = 'abc12345678901'\n"
     "secret_name = 'fraud-db-2'\n"),
    ("tests", "tests/test_a.py", "client = C(password='hunter2prod91', token='q8Zt3mN1vB7c')\n"),
    ("a digest", "lock.yaml", "token_sha256: 45c193b14202af4092dc976504a40d1c8006a8bb94eb96f55fbea4cb6f9c6501\n"),
    ("GitHub's own", ".github/workflows/ci.yml", "env:\n  TOKEN: ${{ secrets.GITHUB_TOKEN }}\n  POSTGRES_PASSWORD: postgres\n"),
    ("a header alone", "docs/tls.md", "Paste your key:\n-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n"),
    ("a schema's example", "schemas.py", "class Login(Model):\n    class Config:\n        schema_extra = {\n            'example': {\n"
     "                'user': 'a',\n                'password': 'SecurePass123!',\n            }\n        }\n"),
    ("an example in OpenAPI", "openapi.yaml", "properties:\n  password:\n    type: string\n    example: SecurePass123!\n"
     "login:\n  example:\n    password: SecurePass123!\n"),
    ("a made-up password in compose", "docker-compose.yml", "services: {a: {environment: {DSN: 'postgresql://fraud:fraud_password@db/x'}}}\n"),
    ("one on localhost", "config.py", "DSN = 'postgresql://dwh_admin:dwh_password@localhost:5432/warehouse'\n"),
    ("an example in a comment", "airflow.cfg", "# Example: result_backend = db+postgresql://postgres:airflow7@db.internal/airflow\n"),
    ("requests to try", "docs/api.postman_collection.json", '{"raw": "{\\n  \\"password\\": \\"SecurePassword123!\\"}"}'),
    ("a test in JavaScript", "web/src/Login.test.jsx", "fill({ password: 'hunter2prod91' })\n"),
    ("a form of URLs", "README.md", "| redisURL | Redis URL in the format `tcp://:[password]@host[:port]` |\n"),
    ("a new password in a test", "tests/test_users.py", "put('/users/1', json={'new_password': 'NewSecurePassword123!'})\n"),
    ("prose", "README.md", "The password: at least 12 characters. Use `postgres://user:pass@localhost/db`; set TOKEN=your-token-123.\n"),
    ("URLs with ports and at signs", "app.py", "A = 'http://feature-store:8080/v1/@me'\nB = 'https://a.example.com:443/x@y'\n"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text"), [pytest.param(path, text, id=name) for name, path, text in LEAKS])
def test_a_credential_is_seen_where_it_is_written(path: str, text: str, make_tree) -> None:
    probe = scan(make_tree({path: text})).probes["secrets_absent"]
    assert not probe.found
    assert probe.places and probe.places[0].file == path


@pytest.mark.parametrize(("path", "text"), [pytest.param(path, text, id=name) for name, path, text in SAFE])
def test_a_placeholder_or_a_reference_is_no_credential(path: str, text: str, make_tree) -> None:
    probe = scan(make_tree({path: text})).probes["secrets_absent"]
    assert probe.found, (probe.detail, probe.places)
