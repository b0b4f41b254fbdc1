-- Look after workers without a heartbeat for so many seconds, and after jobs that failed long ago. While the server was
-- down, nobody's heart could beat: after its start all have as many seconds to connect again.
CREATE OR REPLACE FUNCTION procrastinate.tieline_sweep(timeout double precision) RETURNS bigint
LANGUAGE plpgsql SET search_path = procrastinate, pg_catalog, pg_temp
AS $$
BEGIN
    IF pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => timeout) THEN
        DELETE FROM procrastinate_workers WHERE last_heartbeat < clock_timestamp() - make_interval(secs => timeout);
    END IF;
    DELETE FROM procrastinate_jobs AS job USING procrastinate_events AS event
    WHERE job.status = 'failed' AND event.job_id = job.id AND event.type = 'failed'
      AND event.at < now() - interval '7 days';
    RETURN tieline_put_back_orphans();
END;
$$;

-- A job may queue its own successor under its own queueing lock, which bars waiting jobs only. When its worker dies then,
-- the job comes back beside that successor: so it comes back without the lock.

CREATE OR REPLACE FUNCTION procrastinate.tieline_put_back_orphans() RETURNS bigint
LANGUAGE plpgsql SET search_path = procrastinate, pg_catalog, pg_temp
AS $$
DECLARE
    moved bigint;
BEGIN
    WITH orphans AS (
        SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL FOR UPDATE SKIP LOCKED
    )
    UPDATE procrastinate_jobs AS job SET status = 'todo', scheduled_at = NULL, queueing_lock = NULL
    FROM orphans WHERE job.id = orphans.id;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved > 0 THEN
        PERFORM tieline_wake();
    END IF;
    RETURN moved;
END;
$$;

CREATE OR REPLACE FUNCTION procrastinate.tieline_give_back(number bigint, except_jobs bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = procrastinate, pg_catalog, pg_temp
AS $$
DECLARE
    moved bigint;
BEGIN
    UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL, scheduled_at = NULL, queueing_lock = NULL
    WHERE worker_id = number AND status = 'doing' AND id <> ALL (except_jobs);
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved > 0 THEN
        PERFORM tieline_wake();
    END IF;
    RETURN moved;
END;
$$;
