"""The configurations of `mini`: the published architecture, small enough for two CPU cores."""

from emojich_core.inference.sampling import Sampling
from emojich_core.networks.matting import MattingConfig
from emojich_core.networks.transformer import TransformerConfig
from emojich_core.networks.upscale import UpscaleConfig
from emojich_core.networks.vqgan import VQGANConfig

BPE_TOKENS = 2000
TEXT_LENGTH = 24

MINI_VQGAN = VQGANConfig(
    resolution=96,
    ch=16,
    ch_mult=(1, 2, 4, 8),
    num_res_blocks=1,
    attn_resolutions=(12,),
    z_channels=32,
    embed_dim=32,
    n_embed=2048,
    norm_groups=4,
)

MINI_TRANSFORMER = TransformerConfig(
    layout="v2",
    num_layers=8,
    hidden_size=320,
    num_attention_heads=5,
    vocab_size=BPE_TOKENS + TEXT_LENGTH,
    text_seq_length=TEXT_LENGTH,
    image_vocab_size=MINI_VQGAN.n_embed,
    image_tokens_per_dim=MINI_VQGAN.codes_per_side,
)

MINI_UPSCALE = UpscaleConfig(scale=2, num_feat=24, num_block=2, num_grow_ch=12, tile=None, passes=2)

MINI_MATTING = MattingConfig(
    encoder_name="tu-mobilenetv3_small_100",
    decoder_channels=(64, 48, 32, 24, 16),
    size=256,
    confidence=0.95,
)

# The styles of the art that the transformer learns, and the word that asks for each.
STYLES = {"fluent-emoji-flat": "", "noto": "ното", "twemoji": "твит"}

MINI_SAMPLING = Sampling(temperature=0.8, top_k=128, top_p=0.9, styles=tuple(STYLES.values()))
