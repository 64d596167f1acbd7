"""What a case file is made for."""

from reception.domain.codes import Code


class FilePurpose(Code):
    """Asked each time a case leaves the system, written down and printed on every page."""

    HANDLING = "handling", "办理本件", "to handle the case"
    MEETING = "meeting", "会商准备", "to prepare a meeting"
    ARCHIVE = "archive", "归入纸质案卷", "for the paper file"
    PETITIONER_COPY = "petitioner_copy", "信访人索取副本", "copy for the petitioner"
