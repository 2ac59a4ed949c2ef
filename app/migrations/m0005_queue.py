"""Tickets, their series, what happens at counters, and the events every figure is computed from.

Assumes m0001 and m0003. `queue_event` is append only; a ticket's row is its last event, kept for speed.
"""

FORWARDS = """
CREATE TABLE ticket_series (
    centre_id  uuid NOT NULL,
    local_date date NOT NULL,
    series     text NOT NULL,
    last_no    integer NOT NULL,
    cap        integer NOT NULL,
    PRIMARY KEY (centre_id, local_date, series),
    CONSTRAINT ticket_series_never_exceeds_its_cap CHECK (last_no BETWEEN 0 AND cap)
);

CREATE TABLE ticket (
    id              uuid PRIMARY KEY,
    centre_id       uuid NOT NULL,
    pool_id         uuid NOT NULL,
    local_date      date NOT NULL,
    number          text NOT NULL,
    ticket_class    text NOT NULL,
    priority_group  text,
    appointment_id  uuid,
    citizen_id      uuid,
    contact_phone   text,
    locale          text NOT NULL,
    procedure_codes text[] NOT NULL,
    p50_minutes     double precision NOT NULL,
    p80_minutes     double precision NOT NULL,
    state           text NOT NULL,
    issued_at       timestamptz NOT NULL,
    wait_from       timestamptz NOT NULL,
    call_by         timestamptz NOT NULL,
    counter_id      uuid,
    calls           smallint NOT NULL DEFAULT 0,
    first_called_at timestamptz,
    last_called_at  timestamptz,
    started_at      timestamptz,
    ended_at        timestamptz,
    version         integer NOT NULL DEFAULT 1,
    CONSTRAINT ticket_number_is_given_once UNIQUE (centre_id, local_date, number),
    CONSTRAINT ticket_appointment_has_one_ticket UNIQUE (appointment_id),
    CONSTRAINT ticket_class_is_known CHECK (ticket_class IN ('priority', 'appointment', 'walk_in')),
    CONSTRAINT ticket_state_is_known CHECK (state IN
        ('waiting', 'called', 'serving', 'parked', 'done', 'left', 'missed', 'undone')),
    CONSTRAINT ticket_at_a_counter_names_it
        CHECK (state NOT IN ('called', 'serving') OR counter_id IS NOT NULL)
);
CREATE INDEX ticket_waiting ON ticket (pool_id, call_by, id) WHERE state = 'waiting';
CREATE UNIQUE INDEX ticket_one_per_counter ON ticket (counter_id)
    WHERE state IN ('called', 'serving');
CREATE INDEX ticket_today ON ticket (centre_id, local_date, state);
CREATE INDEX ticket_citizen ON ticket (citizen_id) WHERE citizen_id IS NOT NULL;

CREATE TABLE counter_state (
    counter_id uuid PRIMARY KEY,
    centre_id  uuid NOT NULL,
    state      text NOT NULL,
    officer_id uuid NOT NULL,
    since      timestamptz NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    CONSTRAINT counter_state_is_known CHECK (state IN ('open', 'paused', 'closed'))
);
CREATE INDEX counter_state_centre ON counter_state (centre_id) WHERE state = 'open';

CREATE TABLE queue_event (
    seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    centre_id  uuid NOT NULL,
    ticket_id  uuid,
    counter_id uuid,
    type       text NOT NULL,
    at         timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id   text NOT NULL
);
CREATE INDEX queue_event_centre ON queue_event (centre_id, seq);
CREATE INDEX queue_event_ticket ON queue_event (ticket_id, seq);

CREATE TABLE device_heartbeat (
    device_id uuid PRIMARY KEY,
    centre_id uuid NOT NULL,
    at        timestamptz NOT NULL,
    status    text NOT NULL
);
"""

BACKWARDS = """
DROP TABLE device_heartbeat;
DROP TABLE queue_event;
DROP TABLE counter_state;
DROP TABLE ticket;
DROP TABLE ticket_series;
"""
