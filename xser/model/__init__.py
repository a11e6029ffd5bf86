"""What learns: encoders, losses, batches and the Brain that joins them."""

import logging
import os

# A user's SB_LOG_LEVEL counts; see xser.model.speechbrain_seams, 12.
os.environ.setdefault("SB_LOG_LEVEL", "WARNING")
logging.getLogger("speechbrain").setLevel(os.environ["SB_LOG_LEVEL"].upper())
logging.getLogger("speechbrain.utils.train_logger").addFilter(lambda record: "torchvision" not in record.getMessage())
