-- Staff Management and Inventory.
-- Columns are those of protocol.records; a test compares both directions.

-- A shift from clock-in to clock-out. A forgotten end is not invented (Rule 13).
create table staff_shifts (
    id uuid not null,
    venue_id uuid not null,
    staff_id uuid not null,
    display_name text not null,
    schedule_id uuid,
    status text not null check (status in ('open', 'on_break', 'ended', 'needs_review')),
    started_at timestamptz not null,
    ended_at timestamptz,
    breaks jsonb not null,
    worked_ms bigint not null,
    late_minutes bigint not null,
    declared_tips_minor bigint,
    auto_ended boolean not null,
    reviewed_by uuid,
    version bigint not null,
    primary key (id),
    constraint staff_shifts_staff_id_key exclude using btree (
        staff_id with =
    ) where (status in ('open', 'on_break')) deferrable initially deferred,
    check (ended_at is null or ended_at >= started_at),
    check (worked_ms >= 0),
    check (version > 0)
);
create index staff_shifts_venue_id_started_at_idx on staff_shifts (venue_id, started_at);

-- A planned shift; week is its Monday, staff_id null an open one.
create table staff_schedules (
    id uuid not null,
    venue_id uuid not null,
    week date not null,
    staff_id uuid,
    role text not null check (role in ('patron', 'staff', 'management', 'owner')),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    status text not null check (status in ('draft', 'published', 'cancelled')),
    deleted_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint staff_schedules_no_overlap exclude using gist (
        uuidrange(staff_id, staff_id, '[]') with &&, tstzrange(starts_at, ends_at) with &&
    ) where (staff_id is not null and status = 'published' and deleted_at is null)
    deferrable initially deferred,
    check (ends_at > starts_at),
    check (version > 0)
);
create index staff_schedules_venue_id_week_idx on staff_schedules (venue_id, week);

-- A task (Rule 13). overdue_level counts its escalations.
create table staff_tasks (
    id uuid not null,
    venue_id uuid not null,
    title text not null,
    kind text not null,
    priority text not null check (priority in ('low', 'normal', 'high', 'critical')),
    status text not null
        check (status in (
            'open', 'accepted', 'in_progress', 'blocked', 'done', 'cancelled'
        )),
    assignee_id uuid,
    created_by uuid,
    zone text,
    session_id uuid,
    intervention_id uuid,
    due_at timestamptz,
    accepted_at timestamptz,
    done_at timestamptz,
    blocked_reason text,
    result text,
    overdue_level bigint not null,
    created_at timestamptz not null,
    version bigint not null,
    primary key (id),
    check (version > 0)
);
create index staff_tasks_assignee_id_status_idx on staff_tasks (assignee_id, status);
create index staff_tasks_venue_id_status_priority_idx on staff_tasks (venue_id, status, priority);
create index staff_tasks_due_at_idx on staff_tasks (due_at)
    where status in ('open', 'accepted', 'in_progress', 'blocked');

-- Figures per person and business day, recomputed at will. Medians are null without cases.
create table staff_performance (
    staff_id uuid not null,
    venue_id uuid not null,
    business_day date not null,
    worked_minutes bigint not null,
    tasks_done bigint not null,
    tasks_on_time bigint not null,
    task_ack_ms_p50 bigint,
    sos_ack_ms_p50 bigint,
    sales_minor bigint not null,
    tips_minor bigint not null,
    voids bigint not null,
    primary key (staff_id, venue_id, business_day)
);

-- A handover note; watch lists every session at safety level 1 or more (Rule 7).
create table shift_handovers (
    id uuid not null,
    venue_id uuid not null,
    from_shift uuid not null,
    from_staff uuid not null,
    to_shift uuid,
    body jsonb not null,
    watch jsonb not null,
    acknowledged_by uuid,
    acknowledged_at timestamptz,
    at timestamptz not null,
    version bigint not null,
    primary key (id),
    check (version > 0)
);
create index shift_handovers_venue_id_at_idx on shift_handovers (venue_id, at desc);

-- An arcade machine. price_minor is per play, or per hour when priced by time.
create table games (
    id uuid not null,
    venue_id uuid not null,
    asset_tag text not null,
    name text not null,
    zone text,
    pricing text not null check (pricing in ('play', 'time')),
    price_minor bigint not null,
    tax_rate_bp bigint not null,
    status text not null
        check (status in (
            'available', 'in_use', 'out_of_order', 'cleaning', 'retired'
        )),
    fault text,
    plays bigint not null,
    session_id uuid,
    retired_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint games_venue_id_asset_tag_key
        unique (venue_id, asset_tag)
        deferrable initially deferred,
    check (price_minor >= 0),
    check (version > 0)
);
create index games_venue_id_status_idx on games (venue_id, status);

-- A room; outside its bands the venue's rate for rooms holds.
create table karaoke_rooms (
    id uuid not null,
    venue_id uuid not null,
    name text not null,
    capacity bigint not null,
    status text not null
        check (status in (
            'ready', 'occupied', 'cleaning', 'reserved', 'out_of_order',
            'retired'
        )),
    rate_bands jsonb not null,
    block_minutes bigint not null,
    min_minutes bigint not null,
    cleaning_minutes bigint not null,
    session_id uuid,
    retired_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint karaoke_rooms_venue_id_name_key exclude using btree (
        venue_id with =, name with =
    ) where (retired_at is null) deferrable initially deferred,
    check (capacity > 0),
    check (block_minutes > 0 and min_minutes > 0 and cleaning_minutes >= 0),
    check (version > 0)
);
create index karaoke_rooms_venue_id_status_idx on karaoke_rooms (venue_id, status);

-- Food or drink. abv_bp is alcohol by volume in basis points; both it and volume_ml are set
-- for alcoholic items, or their drinks could not be counted.
create table menu_items (
    id uuid not null,
    venue_id uuid not null,
    sku text not null,
    name text not null,
    category text,
    price_minor bigint not null,
    tax_code text not null,
    tax_rate_bp bigint not null,
    alcoholic boolean not null,
    abv_bp bigint,
    volume_ml bigint,
    standard_drinks_milli bigint not null,
    allergens text[] not null,
    hours jsonb,
    available boolean not null,
    recipe jsonb not null,
    retired_at timestamptz,
    version bigint not null,
    primary key (id),
    constraint menu_items_venue_id_sku_key
        unique (venue_id, sku)
        deferrable initially deferred,
    check (price_minor >= 0),
    check (not alcoholic or (abv_bp is not null and volume_ml is not null)),
    check (version > 0)
);
create index menu_items_venue_id_idx on menu_items (venue_id) where available;

-- Stock on hand: 0 ≤ reserved ≤ on hand. low_since is set once until refilled.
create table inventory_levels (
    venue_id uuid not null,
    item_id uuid not null,
    on_hand_milli bigint not null,
    reserved_milli bigint not null,
    reorder_milli bigint not null,
    unit text not null,
    counted_at timestamptz,
    low_since timestamptz,
    version bigint not null,
    primary key (venue_id, item_id),
    check (on_hand_milli >= reserved_milli and reserved_milli >= 0),
    check (version > 0)
);

-- One line of the stock book; ref_id is what caused it, such as a transaction.
create table stock_movements (
    id uuid not null,
    venue_id uuid not null,
    item_id uuid not null,
    kind text not null
        check (kind in (
            'receive', 'sale', 'return', 'waste', 'count', 'transfer'
        )),
    delta_milli bigint not null,
    after_milli bigint not null,
    ref_id uuid,
    reason text,
    by_user uuid,
    signed_by uuid,
    at timestamptz not null,
    primary key (id),
    constraint stock_movements_ref_id_item_id_kind_key
        unique (ref_id, item_id, kind)
        deferrable initially deferred,
    check (after_milli >= 0)
);
create index stock_movements_item_id_at_idx on stock_movements (item_id, at);
create index stock_movements_venue_id_at_idx on stock_movements (venue_id, at);
