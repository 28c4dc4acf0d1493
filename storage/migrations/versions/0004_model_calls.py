"""Model calls

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('model_calls',
    sa.Column('id', row_id, nullable=False),
    sa.Column('conversation_id', row_id, nullable=False),
    sa.Column('message_id', row_id, nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('model', sa.String(length=128), nullable=False),
    sa.Column('prompt_version', sa.String(length=32), nullable=False),
    sa.Column('prompt', sa.JSON(), nullable=False),
    sa.Column('candidates', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('reply', sa.Text(), nullable=False),
    sa.Column('tokens', sa.Integer(), nullable=False),
    sa.Column('took_ms', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('settled_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_model_calls_conversation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_model_calls'))
    )
    op.create_index('ix_model_calls_asked', 'model_calls', ['asked_at'], unique=False)
    op.create_index('ix_model_calls_conversation', 'model_calls', ['conversation_id', 'state'], unique=False)


def downgrade() -> None:
    op.drop_table('model_calls')
