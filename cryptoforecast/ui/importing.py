"""The field that takes a model from another installation: the archive that Download makes."""

from __future__ import annotations

import streamlit as st

from cryptoforecast.service import Service
from cryptoforecast.service.model_files import MAX_BYTES
from cryptoforecast.ui import elements, identity, model_panel

# How many models this session has imported: the next one gets an empty field.
_IMPORTED = "imported-models"


def field(service: Service) -> None:
    """Draw the field, folded."""
    with st.expander("Import a model", icon=":material/upload:"):
        upload = st.file_uploader(
            "Archive",
            "zip",
            key=f"model-archive-{st.session_state.get(_IMPORTED, 0)}",
            max_upload_size=MAX_BYTES // 1_000_000,
            help="The file that Download on this page, or `models export` on the command line, "
            "has made. Nothing in it is executed.",
        )
        name = st.text_input(
            "Name", max_chars=64, placeholder="as in the archive", key="imported-name"
        )
        pressed = st.button("Import", disabled=upload is None, key="confirm-import-model")
        if pressed and upload is not None:
            with elements.errors():
                _import(service, upload.getvalue(), name or None)


def _import(service: Service, archive: bytes, name: str | None) -> None:
    """Save the model, and show it in the panel."""
    saved = service.saved_models.add_zipped(archive, name, user=identity.user())
    st.session_state[_IMPORTED] = st.session_state.get(_IMPORTED, 0) + 1
    st.session_state[model_panel.MESSAGE] = f"Imported {saved.name}."
    st.query_params[model_panel.LINK] = saved.name
    st.rerun()
