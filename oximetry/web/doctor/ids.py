"""Component ids of the doctor's pages; constants, so that a callback cannot name what is not in the layout."""

LOCATION = "location"
REFRESH = "refresh"
SESSION = "upload-session"
POLL = "poll"
DIGEST = "batch-digest"
MESSAGE = "message"

BATCH_VIEW, PATIENTS_VIEW, PATIENT_VIEW = "batch-view", "patients-view", "patient-view"
DROP_ZONE, FILE_LIST = "drop-zone", "file-list"
COUNTS, PROGRESS, REFUSED, GRID, BATCH_LINKS = "counts", "progress", "refused", "grid", "batch-links"
STORAGE = "storage-state"
JOINS = "joins"
ALL_TO_NEW, CHOSEN_PATIENT, GIVE_CHOSEN, CONFIRM, NEW_BATCH, DISCARD = (
    "all-to-new",
    "chosen-patient",
    "give-chosen",
    "confirm",
    "new-batch",
    "discard",
)
DOUBTS, DOUBTS_TEXT, DOUBTS_YES, DOUBTS_NO, PENDING = "doubts", "doubts-text", "doubts-yes", "doubts-no", "pending"

SURE, SURE_TEXT, SURE_YES, SURE_NO, ASKED = "sure", "sure-text", "sure-yes", "sure-no", "asked"

PATIENT_LIST, NEW_PATIENT = "patient-list", "new-patient"
PATIENT_PAGE, PATIENT_SHOWN, PATIENT_DIGEST = "patient-page", "patient-shown", "patient-digest"
EXTRA_RULES, SAVE_RULES = "extra-rules", "save-rules"
LABEL, SAVE_LABEL, ROTATE, REVOKE = "patient-label", "save-label", "rotate-link", "revoke-link"
RETIRE_OLD = "retire-old"
NIGHT_ACTION, MOVE_TO = "night-action", "move-to"

NIGHT_PANEL, NIGHT_TITLE, NIGHT_NUMBERS, NIGHT_PLOT, NIGHT_CAPTION, NIGHT_CLOSE = (
    "night-panel",
    "night-title",
    "night-numbers",
    "doctor-plot",
    "night-caption",
    "night-close",
)
SHOW_NIGHT = "show-night"
EXPIRED, SIGN_OUT_FAILED = "session-expired", "sign-out-failed"
NIGHT_REPORTS = "night-reports"
NIGHT_DETAILS, NIGHT_OPENED, NIGHT_CHANGED = "night-details", "night-opened", "night-changed"
EXCLUDE_BAR, EXCLUDE_FROM, EXCLUDE_TO, EXCLUDE_REASON, EXCLUDE, EXCLUDED = (
    "exclude-bar",
    "exclude-from",
    "exclude-to",
    "exclude-reason",
    "exclude",
    "excluded",
)
