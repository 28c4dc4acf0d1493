"""Severity of hand-offs, alerts, and unanswered questions

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-22 02:30:00
"""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
WAITING = sa.text("state IN ('asked', 'promised', 'pooled')")


def upgrade() -> None:
    with op.batch_alter_table('conversations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('menu_message_id', ROW_ID, nullable=True))
        batch_op.add_column(sa.Column('hushed_at', sa.BigInteger(), nullable=True))

    with op.batch_alter_table('handoffs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('severity', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('said', sa.Text(), server_default='', nullable=False))
        batch_op.add_column(sa.Column('alerts', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('alert_at', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('overdue_at', sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE handoffs SET severity = CASE reason WHEN 'crisis' THEN 3 WHEN 'adverse_reaction' THEN 2 "
        "WHEN 'legal_threat' THEN 2 WHEN 'refund_dispute' THEN 1 WHEN 'complaint' THEN 1 ELSE 0 END"
    )
    with op.batch_alter_table('handoffs', schema=None) as batch_op:
        batch_op.create_index(
            'ix_handoffs_waiting', ['severity', 'asked_at'], unique=False, sqlite_where=WAITING, postgresql_where=WAITING
        )

    op.create_table('questions',
    sa.Column('id', ROW_ID, nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('examples', sa.JSON(), nullable=False),
    sa.Column('candidates', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(length=9), nullable=False),
    sa.Column('first_seen_at', sa.BigInteger(), nullable=False),
    sa.Column('last_seen_at', sa.BigInteger(), nullable=False),
    sa.Column('settled_at', sa.BigInteger(), nullable=True),
    sa.Column('settled_by', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_questions')),
    sa.UniqueConstraint('key', name=op.f('uq_questions_key'))
    )
    with op.batch_alter_table('questions', schema=None) as batch_op:
        batch_op.create_index('ix_questions_state', ['state', 'last_seen_at'], unique=False)

    op.create_table('question_marks',
    sa.Column('question_id', ROW_ID, nullable=False),
    sa.Column('mark', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['question_id'], ['questions.id'], name=op.f('fk_question_marks_question_id')),
    sa.PrimaryKeyConstraint('question_id', 'mark', name=op.f('pk_question_marks'))
    )
    with op.batch_alter_table('question_marks', schema=None) as batch_op:
        batch_op.create_index('ix_question_marks_mark', ['mark', 'question_id'], unique=False)

    op.create_table('question_asks',
    sa.Column('message_id', ROW_ID, autoincrement=False, nullable=False),
    sa.Column('question_id', ROW_ID, nullable=False),
    sa.Column('conversation_id', ROW_ID, nullable=False),
    sa.Column('why', sa.String(length=24), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_question_asks_conversation_id')),
    sa.ForeignKeyConstraint(['question_id'], ['questions.id'], name=op.f('fk_question_asks_question_id')),
    sa.PrimaryKeyConstraint('message_id', name=op.f('pk_question_asks'))
    )
    with op.batch_alter_table('question_asks', schema=None) as batch_op:
        batch_op.create_index('ix_question_asks_asked', ['asked_at'], unique=False)
        batch_op.create_index('ix_question_asks_question', ['question_id', 'asked_at'], unique=False)


def downgrade() -> None:
    op.drop_table('question_asks')
    op.drop_table('question_marks')
    op.drop_table('questions')
    with op.batch_alter_table('handoffs', schema=None) as batch_op:
        batch_op.drop_index('ix_handoffs_waiting', sqlite_where=WAITING, postgresql_where=WAITING)
        for name in ('overdue_at', 'alert_at', 'alerts', 'said', 'severity'):
            batch_op.drop_column(name)
    with op.batch_alter_table('conversations', schema=None) as batch_op:
        batch_op.drop_column('hushed_at')
        batch_op.drop_column('menu_message_id')
