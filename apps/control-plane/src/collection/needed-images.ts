/**
 * Images that somebody needs, as `with needed (image_id) as (…)`; `$1` is how many releases of an environment keep theirs.
 * Needed are, in each environment that was not removed, the live release and the newest that went live; and
 * everywhere the images of what is still under way: of unfinished deployments and of instances that are not gone.
 */
export const neededImages = `
  with kept (release_id) as (
    select e.live_release_id from environments e where e.deleted_at is null
    union all
    select recent.id from environments e cross join lateral (
      select r.id from releases r where r.environment_id = e.id
        and exists (select 1 from deployments d where d.release_id = r.id and d.state in ('live', 'superseded'))
      order by r.number desc limit $1) recent
    where e.deleted_at is null
    union all
    select unnest(array[d.release_id, d.source_release_id]) from deployments d where d.finished_at is null
    union all
    select i.release_id from instances i where i.gone_at is null),
  needed (image_id) as (
    select r.image_id from releases r where r.id in (select release_id from kept)
    union
    select b.image_id from builds b join deployments d on d.build_id = b.id where d.finished_at is null and b.image_id is not null)`;
