"""All WeCom HTTP and cryptography. The only package that imports wechatpy."""
