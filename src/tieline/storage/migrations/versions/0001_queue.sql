-- What Tieline adds to Procrastinate's schema. Every function names its search_path: Procrastinate's own functions
-- call their tables without the schema, and a function with its owner's rights must not look anywhere else.

DO $$
DECLARE
    name regprocedure;
BEGIN
    FOR name IN SELECT oid FROM pg_proc WHERE pronamespace = 'procrastinate'::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = procrastinate, pg_catalog, pg_temp', name);
    END LOOP;
END;
$$;

-- Queue a job from any transaction. Runs with its owner's rights, so that a tenant's transaction can queue a job but
-- neither see nor touch any. NULL = a job with this queueing lock waits already.
CREATE FUNCTION procrastinate.tieline_defer(
    queue text, task text, args jsonb, job_lock text, queueing_lock text, priority int, at timestamptz
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = procrastinate, pg_catalog, pg_temp
AS $$
DECLARE
    job procrastinate_job_to_defer_v1 := ROW (queue, task, priority, job_lock, queueing_lock, args, at);
BEGIN
    IF queueing_lock IS NULL THEN
        RETURN (procrastinate_defer_jobs_v1(ARRAY [job]))[1];
    END IF;
    BEGIN
        RETURN (procrastinate_defer_jobs_v1(ARRAY [job]))[1];
    EXCEPTION WHEN unique_violation THEN
        RETURN NULL;
    END;
END;
$$;

REVOKE ALL ON FUNCTION procrastinate.tieline_defer(text, text, jsonb, text, text, int, timestamptz) FROM PUBLIC;
GRANT USAGE ON SCHEMA procrastinate TO tieline_app, tieline_system;
GRANT EXECUTE ON FUNCTION procrastinate.tieline_defer(text, text, jsonb, text, text, int, timestamptz)
    TO tieline_app, tieline_system;

-- The rest is for workers, who are the login role.

-- A worker's number is Procrastinate's; here is which process it belongs to.
CREATE TABLE procrastinate.tieline_workers (
    worker_id bigint PRIMARY KEY REFERENCES procrastinate.procrastinate_workers (id) ON DELETE CASCADE,
    host text NOT NULL,
    pid int NOT NULL
);

CREATE INDEX tieline_failed ON procrastinate.procrastinate_jobs (id) WHERE status = 'failed';

CREATE FUNCTION procrastinate.tieline_register_worker(host text, pid int) RETURNS bigint
LANGUAGE sql SET search_path = procrastinate, pg_catalog, pg_temp
AS $$
    WITH fresh AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id)
    INSERT INTO tieline_workers (worker_id, host, pid) SELECT id, host, pid FROM fresh RETURNING worker_id
$$;

-- Wake the workers of the queue, with a sign in the form in which Procrastinate's own triggers give it.
CREATE FUNCTION procrastinate.tieline_wake() RETURNS void
LANGUAGE sql SET search_path = procrastinate, pg_catalog, pg_temp
AS $$
    SELECT pg_notify('procrastinate_queue_v1#tieline', '{"type":"job_inserted","job_id":0}')
$$;

-- Jobs whose worker is gone (its row was deleted, which empties worker_id) become free; their number.
CREATE FUNCTION procrastinate.tieline_put_back_orphans() RETURNS bigint
LANGUAGE plpgsql SET search_path = procrastinate, pg_catalog, pg_temp
AS $$
DECLARE
    moved bigint;
BEGIN
    WITH orphans AS (
        SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL FOR UPDATE SKIP LOCKED
    )
    UPDATE procrastinate_jobs AS job SET status = 'todo', scheduled_at = NULL
    FROM orphans WHERE job.id = orphans.id;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved > 0 THEN
        PERFORM tieline_wake();
    END IF;
    RETURN moved;
END;
$$;

-- Look after workers without a heartbeat for so many seconds, and after jobs that failed long ago.
CREATE FUNCTION procrastinate.tieline_sweep(timeout double precision) RETURNS bigint
LANGUAGE plpgsql SET search_path = procrastinate, pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM procrastinate_workers WHERE last_heartbeat < clock_timestamp() - make_interval(secs => timeout);
    DELETE FROM procrastinate_jobs AS job USING procrastinate_events AS event
    WHERE job.status = 'failed' AND event.job_id = job.id AND event.type = 'failed'
      AND event.at < now() - interval '7 days';
    RETURN tieline_put_back_orphans();
END;
$$;

-- A worker process is known to be dead.
CREATE FUNCTION procrastinate.tieline_release_worker(dead_host text, dead_pid int) RETURNS bigint
LANGUAGE plpgsql SET search_path = procrastinate, pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM procrastinate_workers AS worker USING tieline_workers AS mine
    WHERE mine.worker_id = worker.id AND mine.host = dead_host AND mine.pid = dead_pid;
    RETURN tieline_put_back_orphans();
END;
$$;

-- A worker that lives gives back what it holds, except for these jobs.
CREATE FUNCTION procrastinate.tieline_give_back(number bigint, except_jobs bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = procrastinate, pg_catalog, pg_temp
AS $$
DECLARE
    moved bigint;
BEGIN
    UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL, scheduled_at = NULL
    WHERE worker_id = number AND status = 'doing' AND id <> ALL (except_jobs);
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved > 0 THEN
        PERFORM tieline_wake();
    END IF;
    RETURN moved;
END;
$$;
