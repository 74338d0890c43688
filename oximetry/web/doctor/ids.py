"""Component ids of the batch's page; constants, so that a callback cannot name what is not in the layout."""

REFRESH = "refresh"
SESSION = "upload-session"
POLL = "poll"
DIGEST = "batch-digest"
MESSAGE = "message"

BATCH_VIEW = "batch-view"
DROP_ZONE, FILE_LIST = "drop-zone", "file-list"
COUNTS, PROGRESS, REFUSED, GRID, BATCH_LINKS = "counts", "progress", "refused", "grid", "batch-links"
STORAGE = "storage-state"
JOINS = "joins"
GROUP_ACT, LABEL_ASKED, KEEP_LABEL = "group-act", "label-asked", "keep-label"
PER_DEVICE, ALL_TO_NEW, CHOSEN_PATIENT, GIVE_CHOSEN = "per-device", "all-to-new", "chosen-patient", "give-chosen"
CONFIRM, NEW_BATCH, DISCARD, UNDO_PROPOSALS = "confirm", "new-batch", "discard", "undo-proposals"
TAKE_BACK, PROPOSED = "take-back", "proposed"
DOUBTS, DOUBTS_TEXT, DOUBTS_YES, DOUBTS_NO, PENDING = "doubts", "doubts-text", "doubts-yes", "doubts-no", "pending"

NIGHT_PANEL, NIGHT_TITLE, NIGHT_NUMBERS, NIGHT_PLOT, NIGHT_CAPTION, NIGHT_CLOSE = (
    "night-panel",
    "night-title",
    "night-numbers",
    "doctor-plot",
    "night-caption",
    "night-close",
)
EXPIRED, SIGN_OUT_FAILED = "session-expired", "sign-out-failed"
NIGHT_REPORTS = "night-reports"
NIGHT_DETAILS = "night-details"
