"""Citizens' phone accounts, credentials of officers, devices and partners, sign-ins, one-time codes.

Assumes m0001. No personal number is kept here; phones are E.164.
"""

FORWARDS = """
CREATE TABLE phone_account (
    id         uuid PRIMARY KEY,
    phone      text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT phone_account_phone_is_used_once UNIQUE (phone)
);

CREATE TABLE otp_challenge (
    id          uuid PRIMARY KEY,
    phone       text NOT NULL,
    purpose     text NOT NULL,
    locale      text NOT NULL,
    address     bytea NOT NULL,
    code_digest bytea NOT NULL,
    code_sealed bytea,
    sent        boolean NOT NULL,
    attempts    smallint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz,
    CONSTRAINT otp_challenge_has_at_most_five_attempts CHECK (attempts BETWEEN 0 AND 5)
);
CREATE INDEX otp_challenge_phone ON otp_challenge (phone, created_at);
CREATE INDEX otp_challenge_address ON otp_challenge (address, created_at);

CREATE TABLE officer_credential (
    officer_id    uuid PRIMARY KEY,
    username      text NOT NULL,
    password_hash text NOT NULL,
    centre_id     uuid NOT NULL,
    roles         text[] NOT NULL,
    totp_sealed   bytea,
    disabled      boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL,
    CONSTRAINT officer_credential_username_is_used_once UNIQUE (username)
);

CREATE TABLE sign_in_failure (
    id       uuid PRIMARY KEY,
    username text NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sign_in_failure_username ON sign_in_failure (username, at);

CREATE TABLE device_credential (
    device_id  uuid PRIMARY KEY,
    kind       text NOT NULL,
    centre_id  uuid NOT NULL,
    key_digest bytea NOT NULL,
    revoked    boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    CONSTRAINT device_credential_kind_is_known CHECK (kind IN ('kiosk', 'board'))
);

CREATE TABLE partner_client (
    client_id     text PRIMARY KEY,
    partner_id    uuid NOT NULL,
    secret_digest bytea,
    jwks          jsonb NOT NULL,
    scopes        text[] NOT NULL,
    sandbox       boolean NOT NULL,
    disabled      boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL,
    CONSTRAINT partner_client_secrets_are_for_the_sandbox CHECK (sandbox OR secret_digest IS NULL)
);

CREATE TABLE client_assertion (
    client_id  text NOT NULL REFERENCES partner_client (client_id) ON DELETE RESTRICT,
    jti        text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti)
);

CREATE TABLE sign_in (
    id            uuid PRIMARY KEY,
    audience      text NOT NULL,
    subject_id    uuid NOT NULL,
    centre_id     uuid,
    roles         text[] NOT NULL,
    scopes        text[] NOT NULL,
    cookie_digest bytea,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    end_reason    text NOT NULL DEFAULT '',
    CONSTRAINT sign_in_cookie_is_used_once UNIQUE (cookie_digest)
);
CREATE INDEX sign_in_subject ON sign_in (subject_id);

CREATE TABLE refresh_token (
    digest     bytea PRIMARY KEY,
    sign_in_id uuid NOT NULL REFERENCES sign_in (id) ON DELETE RESTRICT,
    created_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX refresh_token_family ON refresh_token (sign_in_id);
"""

BACKWARDS = """
DROP TABLE refresh_token;
DROP TABLE sign_in;
DROP TABLE client_assertion;
DROP TABLE partner_client;
DROP TABLE device_credential;
DROP TABLE sign_in_failure;
DROP TABLE officer_credential;
DROP TABLE otp_challenge;
DROP TABLE phone_account;
"""
