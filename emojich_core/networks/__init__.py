"""The networks, and the tokenizer of their input.

- `tokenizer`: the text as ids of byte pairs
- `transformer`: ruDALL-E: from ids of the text to codes of the image
- `vqgan`: codes to pixels and back
- `upscale`: Real-ESRGAN: more pixels
- `matting`: the U-Net that cuts the subject out
- `ruclip`: scores how well a picture fits a text
"""
