-- Schema version 1 as released, with one run; never edited.
create table events (
    event_id varchar primary key, kind varchar not null, recorded timestamp);
create table workloads (
    name varchar primary key, title varchar, family varchar not null,
    pooled_group varchar not null, width_divisor integer not null,
    origin varchar not null);
create table runs (
    id varchar primary key, workload varchar not null,
    batch_size bigint not null, learning_rate double not null,
    optimizer varchar not null, recipe varchar, source varchar not null,
    seed bigint, outcome varchar, failed_at_step bigint, steps bigint,
    horizon_steps bigint, metric_name varchar, metric_value double,
    goal varchar, device varchar, "precision" varchar, data varchar,
    batch_convention varchar not null, seconds double,
    examples_per_second double, outcome_rule varchar, code_version varchar,
    created timestamp, job_id varchar, note varchar);
create table curves (
    run_id varchar not null, metric varchar not null, step bigint not null,
    value double);
create table claims (
    id varchar primary key, source varchar not null,
    source_title varchar not null, source_date varchar, kind varchar not null,
    statement varchar not null, reliability double not null, workload varchar,
    optimizer varchar, recipe varchar, device varchar, batch_size bigint,
    learning_rate double, bound varchar, at_tool_ceiling boolean not null,
    quantity varchar, exponent double, inferred varchar);
create table retractions (claim_id varchar primary key, reason varchar);
create table answers (
    id varchar primary key, asked timestamp, question varchar, context varchar,
    intent varchar, slots json, text varchar, recommendation json,
    evidence json);
create table jobs (
    id varchar primary key, state varchar not null, kind varchar not null,
    workload varchar, batch_size bigint, learning_rate double, seed bigint,
    steps bigint, verification_id varchar, run_id varchar, attempts integer,
    resumed_from_step bigint, believed_low double, believed_high double,
    reason varchar, error varchar, created timestamp, started timestamp,
    ended timestamp, state_number integer not null);
create view trials as
    select workload, recipe, optimizer, batch_size, learning_rate,
        count(*) as runs,
        count(*) filter (outcome = 'stable') as stable,
        count(*) filter (outcome = 'degraded') as degraded,
        count(*) filter (outcome = 'diverged') as diverged,
        count(*) filter (outcome = 'incomplete') as incomplete,
        count(*) filter (outcome is null) as unlabelled,
        max(horizon_steps) as longest_horizon_steps,
        median(metric_value) filter (isfinite(metric_value)) as median_metric
    from runs group by all order by all;
create table schema_migrations (
    version integer primary key, name varchar, applied timestamp);
insert into schema_migrations values (1, 'tables', timestamp '2026-11-22 00:00:00');
insert into workloads values ('w', null, 'w', 'w', 1, 'a source');
insert into runs (id, workload, batch_size, learning_rate, optimizer, source,
    batch_convention)
    values ('run:old', 'w', 4, 0.001, 'adam', 'a source', 'total');
